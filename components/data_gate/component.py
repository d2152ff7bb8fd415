"""DataGate: fails when ExampleValidator found anomalies, and says which."""

import os

from tensorflow_data_validation.utils.anomalies_util import load_anomalies_binary
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.dsl.component.experimental.annotations import InputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import ExampleAnomalies

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


@component
def DataGate(
    anomalies: InputArtifact[ExampleAnomalies],
    pipeline_name: Parameter[str],
) -> None:
    """Fails the run if the data breaks the schema.

    Raises:
        ValueError: one sentence for each anomaly, by split and feature.
    """
    found: list[str] = []
    for split in artifact_utils.decode_split_names(anomalies.split_names):
        path = os.path.join(anomalies.uri, f"Split-{split}", _ANOMALIES_FILE)
        found += describe(split, load_anomalies_binary(path))
    if found:
        raise ValueError(
            f"the data of {pipeline_name} breaks its schema: {'; '.join(found)}. "
            "Mend the logs, or the schema if the data is right"
        )
