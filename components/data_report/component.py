"""DataReport: says how the newest span's data differs, and what of it is too much.

A step of its own, before DataGate: TFX deletes what a failed step wrote, and the report is what a
user then needs.
"""

import itertools
import os

import pyarrow as pa
from tensorflow_data_validation.utils.anomalies_util import load_anomalies_binary
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import artifact, artifact_utils
from tfx.types.standard_artifacts import ExampleAnomalies

from components.data_report import findings, objections
from components.data_report.artifacts import DataFindings
from components.data_report.report import REPORT_FILE, Findings, Spans
from components.data_report.served import read_served, served_files
from components.data_report.settings import DataReportSettings
from components.span_statistics.artifacts import SpanSummary
from components.span_statistics.summary import BEFORE, NEWEST, read_sample, read_summary
from schemas.data_gates import watched

_ANOMALIES_FILE = "SchemaDiff.pb"


def describe(split: str, anomalies: anomalies_pb2.Anomalies) -> list[str]:
    """Returns a sentence for each anomaly of a split: its name, the feature, what is wrong."""
    found = [f"{split}: there are no examples"] if anomalies.data_missing else []
    found += [
        f"{split}: {feature}: {info.description.strip(' .')}"
        for feature, info in sorted(anomalies.anomaly_info.items())
    ]
    if anomalies.HasField("dataset_anomaly_info"):
        found.append(f"{split}: {anomalies.dataset_anomaly_info.description.strip(' .')}")
    return found


def schema_objections(anomalies: artifact.Artifact) -> list[str]:
    """Returns a sentence for each anomaly that ExampleValidator found, by split and feature."""
    found: list[str] = []
    for split in artifact_utils.decode_split_names(anomalies.split_names):
        path = os.path.join(anomalies.uri, f"Split-{split}", _ANOMALIES_FILE)
        found += describe(split, load_anomalies_binary(path))
    return found


def make_report(uri: str, settings: DataReportSettings, broken: list[str]) -> Findings:
    """Returns how the newest span differs.

    Args:
        uri: of a SpanSummary.
        settings: what may differ, and by how much.
        broken: what the schema objects to.

    Raises:
        ValueError: if what was served cannot be read.
        TypeError: if a column of it has another type than the examples.
    """
    summary = read_summary(uri)
    gates, columns = settings.gates, watched(settings.columns)
    newest, before = read_sample(uri, NEWEST), read_sample(uri, BEFORE)
    files = served_files(settings.root, settings.served, summary.spans[-1])
    served, kept = read_served(files, columns) if files else (pa.table({}), ())
    features = findings.features(columns, gates, newest, before, (served, kept), summary)
    for name in features.keys() & set(settings.private):
        features[name] = features[name].without_values()
    rates = findings.rates(summary, gates)
    rows = len(newest), len(before)
    found = itertools.chain(
        broken,
        *(objections.coverage_lost(name, told, rows, gates) for name, told in features.items()),
        *(objections.moved(name, told) for name, told in features.items()),
        *(objections.unseen_grew(name, summary, gates) for name in features),
        *(
            objections.rate_changed(label, told, summary.rates[label], gates)
            for label, told in rates.items()
        ),
    )
    spans = Spans(newest=summary.spans[-1], before=summary.spans[:-1])
    return Findings(features=features, rates=rates, objections=tuple(found), spans=spans)


@component
def DataReport(
    anomalies: InputArtifact[ExampleAnomalies],
    summary: InputArtifact[SpanSummary],
    report: OutputArtifact[DataFindings],
    settings: Parameter[str],
) -> None:
    """Writes data_report.json; objects to much, and stops nothing.

    Args:
        anomalies: what the schema objects to.
        summary: of the spans.
        report: where to write it.
        settings: `DataReportSettings` as JSON.
    """
    told = DataReportSettings.model_validate_json(settings)
    found = make_report(summary.uri, told, schema_objections(anomalies))
    with fileio.open(f"{report.uri}/{REPORT_FILE}", "w") as file:
        file.write(found.model_dump_json(indent=1))
