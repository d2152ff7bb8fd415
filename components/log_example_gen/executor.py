"""What TFX runs: properties in, a Beam pipeline, artifacts out."""

from typing import Any

import apache_beam as beam
from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from components.log_example_gen import files, partition
from components.log_example_gen.config import (
    EVAL,
    TRAIN,
    IngestConfig,
    eval_spans,
    parse_spans,
    span_number,
)
from components.log_example_gen.transforms import (
    COUNTS,
    INCOMPLETE,
    LabelImpressions,
    ReadEvents,
    WriteExamples,
    WriteLedger,
)


class Executor(base_beam_executor.BaseBeamExecutor):
    """Joins, labels and writes the logs of some spans."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Fills the artifacts `examples` and `ledger`; called by TFX.

        The spans are resolved here, not in a driver: open-source Kubeflow runs none.

        Args:
            input_dict: nothing.
            output_dict: the two artifacts.
            exec_properties: `config`, an IngestConfig as JSON, and `spans`, a JSON list of dates.

        Raises:
            ValueError: if a log, a column or a split is missing, or rows were lost.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        config = IngestConfig.model_validate_json(exec_properties["config"])
        spans = parse_spans(exec_properties["spans"])
        eval_spans(config.split, spans)  # refuses before a file is read
        sources = files.sources(config.logs, spans, config.attribution)
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        ledger = artifact_utils.get_single_instance(output_dict["ledger"])

        examples.split_names = artifact_utils.encode_split_names([TRAIN, EVAL])
        examples.span = span_number(spans[-1])
        examples.version = 0
        tf_example = example_gen_pb2.PayloadFormat.Value("FORMAT_TF_EXAMPLE")  # type: ignore[attr-defined]
        examples_utils.set_payload_format(examples, tf_example)
        examples_utils.set_file_format(examples, "tfrecords_gzip")
        folders = [f"{examples.uri}/Split-{split}" for split in (TRAIN, EVAL)]
        for folder in (*folders, f"{examples.uri}/{INCOMPLETE}", ledger.uri):
            fileio.makedirs(folder)

        partitions = partition.count(sources)
        with self._make_beam_pipeline() as pipeline:
            read = (
                pipeline
                | "List the files" >> beam.Create(list(enumerate(sources)))
                | "Read the logs" >> ReadEvents(config, spans, partitions)
            )
            labelled = read["blocks"] | "Label the impressions" >> LabelImpressions(config)
            labelled["examples"] | "Write examples" >> WriteExamples(examples.uri, partitions)
            (
                (read[COUNTS], labelled[COUNTS])
                | "Gather the counts" >> beam.Flatten()
                | "Write the ledger" >> WriteLedger(ledger.uri)
            )
        fileio.rmtree(f"{examples.uri}/{INCOMPLETE}")
