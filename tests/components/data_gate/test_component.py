import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import ExampleAnomalies

from components.data_gate.component import DataGate, describe


def anomalies(**descriptions):
    found = anomalies_pb2.Anomalies()
    for feature, description in descriptions.items():
        found.anomaly_info[feature].description = description
    return found


@pytest.fixture
def artifact_of(tmp_path):
    """Writes anomalies by split, as ExampleValidator does."""

    def write(**splits):
        artifact = ExampleAnomalies()
        artifact.uri = str(tmp_path)
        artifact.split_names = artifact_utils.encode_split_names(list(splits))
        for split, found in splits.items():
            folder = tmp_path / f"Split-{split}"
            folder.mkdir()
            (folder / "SchemaDiff.pb").write_bytes(found.SerializeToString())
        return artifact

    return write


def test_data_that_fits_its_schema_passes(artifact_of):
    given = artifact_of(train=anomalies(), eval=anomalies())
    DataGate.test_call(anomalies=given, pipeline_name="shop")


def test_a_broken_schema_fails_the_run_naming_split_feature_and_what_is_wrong(artifact_of):
    given = artifact_of(
        train=anomalies(), eval=anomalies(price="Values out of range", city="Unknown value: mars")
    )
    with pytest.raises(ValueError) as error:
        DataGate.test_call(anomalies=given, pipeline_name="shop")
    assert str(error.value) == (
        "the data of shop breaks its schema: eval: city: Unknown value: mars; "
        "eval: price: Values out of range. Mend the logs, or the schema if the data is right"
    )


def test_every_split_is_read(artifact_of):
    given = artifact_of(train=anomalies(a="gone"), eval=anomalies(b="gone too"))
    with pytest.raises(ValueError, match="train: a: gone; eval: b: gone too"):
        DataGate.test_call(anomalies=given, pipeline_name="shop")


def test_a_split_whose_anomalies_were_not_written_does_not_pass(artifact_of, tmp_path):
    given = artifact_of(eval=anomalies())
    (tmp_path / "Split-eval" / "SchemaDiff.pb").unlink()
    with pytest.raises(Exception, match=r"SchemaDiff\.pb"):
        DataGate.test_call(anomalies=given, pipeline_name="shop")


def test_an_anomaly_of_the_whole_data_set_is_described():
    found = anomalies()
    found.dataset_anomaly_info.description = "too few examples"
    assert describe("eval", found) == ["eval: too few examples"]


def test_missing_data_is_an_anomaly():
    assert describe("eval", anomalies_pb2.Anomalies(data_missing=True)) == [
        "eval: there are no examples"
    ]
