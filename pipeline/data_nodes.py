"""The part of a graph that makes examples of logs, and packed tensors of examples."""

import dataclasses
import json

from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.dsl.components.base.base_node import BaseNode

from components.data_gate.component import DataGate
from components.data_report.component import DataReport
from components.data_report.served import fingerprint, served_files
from components.data_report.settings import DataReportSettings
from components.examples_schema.component import ExamplesSchema
from components.log_example_gen.component import LogExampleGen
from components.log_example_gen.config import IngestConfig
from components.log_gate.component import LogGate
from components.span_statistics.component import SpanStatistics
from components.span_statistics.settings import StatisticsSettings
from components.transform.component import Transform
from models import preprocessing
from pipeline.asked import Asked
from pipeline.config import PipelineConfig
from pipeline.model_spec import dotted_path, transform_spec
from pipeline.schema import schema_of
from pipeline.source_hash import source_hash
from pipeline.work_dir import WorkDir

INGESTION_CODE = ("schemas", "components.log_example_gen")
STATISTICS_CODE = (
    *("schemas", "evaluation.populations", "components.span_statistics"),
    "components.log_example_gen.decode",
)
DATA_REPORT_CODE = ("schemas", "components.data_report", "components.log_example_gen.cast")


@dataclasses.dataclass(frozen=True)
class DataNodes:
    """The nodes up to Transform, in their order.

    Attributes:
        ingest: its outputs are `examples`, `ledger` and `rejects`.
        log_gate: stops the run where too much of the logs cannot be used.
        schema: what the examples should be like.
        statistics: what they are like.
        validator: its output `anomalies` is how far those two differ.
        span_statistics: what the newest span is like, and the spans before it.
        report: its output `report` says what of all that is objectionable.
        gate: stops the run where something is.
        transform: its outputs are `transformed_examples` and `transform_graph`.
    """

    ingest: BaseNode
    log_gate: BaseNode
    schema: BaseNode
    statistics: BaseNode
    validator: BaseNode
    span_statistics: BaseNode
    report: BaseNode
    gate: BaseNode
    transform: BaseNode

    def all(self) -> list[BaseNode]:
        """Returns every node."""
        return [getattr(self, field.name) for field in dataclasses.fields(self)]


def data_nodes(config: PipelineConfig, asked: Asked, work: WorkDir) -> DataNodes:
    """Returns the nodes up to Transform: of a run and of a search they are the same."""
    ingest = LogExampleGen(
        config=IngestConfig(
            logs=config.logs,
            attribution=config.attribution,
            split=config.split,
            sampling=config.sampling,
            columns=config.columns(),
            code=source_hash(*INGESTION_CODE),
        ).model_dump_json(),
        span=asked.span,
        window=asked.window,
        as_of=asked.as_of,
        fingerprint=asked.fingerprint,
    )
    examples = ingest.outputs["examples"]
    log_gate = LogGate(
        ledger=ingest.outputs["ledger"],
        rejects=ingest.outputs["rejects"],
        limits=config.limits.model_dump_json(),
    )
    schema = ExamplesSchema(text=schema_of(config))
    statistics = StatisticsGen(examples=examples)
    statistics.add_upstream_node(log_gate)
    validator = ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    span_statistics = SpanStatistics(
        examples=examples,
        ledger=ingest.outputs["ledger"],
        settings=StatisticsSettings(
            features=config.features,
            heads=config.heads,
            columns=config.columns(),
            code=source_hash(*STATISTICS_CODE),
        ).model_dump_json(),
    )
    span_statistics.add_upstream_node(log_gate)
    span = asked.known_span
    served = served_files(config.logs.root, config.served, span) if span else ()
    data_report = DataReport(
        anomalies=validator.outputs["anomalies"],
        summary=span_statistics.outputs["summary"],
        settings=DataReportSettings(
            gates=config.data,
            columns=config.columns(),
            private=config.private_features(),
            root=config.logs.root,
            served=config.served,
            fingerprint=fingerprint(served),
            code=source_hash(*DATA_REPORT_CODE),
        ).model_dump_json(),
    )
    data_gate = DataGate(report=data_report.outputs["report"], pipeline_name=config.name)
    transform = Transform(
        examples=examples,
        schema=schema.outputs["schema"],
        preprocessing_fn=dotted_path(preprocessing.preprocessing_fn),
        custom_config=json.dumps({"spec": transform_spec(config)}),
        analyses=str(work.analyses),
    )
    transform.add_upstream_node(data_gate)
    return DataNodes(
        ingest, log_gate, schema, statistics, validator, span_statistics, data_report, data_gate,
        transform,
    )  # fmt: skip
