import json

import pyarrow as pa
import pyarrow.parquet
import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import ExampleAnomalies

from components.data_report.artifacts import DataFindings
from components.data_report.component import DataReport, describe, schema_objections
from components.data_report.report import Findings
from components.data_report.settings import DataReportSettings
from schemas.data_gates import DataGates


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
        artifact.uri = str(tmp_path / "anomalies")
        artifact.split_names = artifact_utils.encode_split_names(list(splits))
        for split, found in splits.items():
            folder = tmp_path / "anomalies" / f"Split-{split}"
            folder.mkdir(parents=True)
            (folder / "SchemaDiff.pb").write_bytes(found.SerializeToString())
        return artifact

    return write


def test_data_that_fits_its_schema_is_not_objected_to(artifact_of):
    assert schema_objections(artifact_of(train=anomalies(), eval=anomalies())) == []


def test_every_split_is_read_and_its_anomalies_told_by_feature(artifact_of):
    given = artifact_of(
        train=anomalies(a="gone"),
        eval=anomalies(price="Values out of range.", city="Unknown value: mars"),
    )
    assert sorted(schema_objections(given)) == [
        "eval: city: Unknown value: mars",
        "eval: price: Values out of range",
        "train: a: gone",
    ]


def test_a_split_whose_anomalies_were_not_written_does_not_pass(artifact_of, tmp_path):
    given = artifact_of(eval=anomalies())
    (tmp_path / "anomalies" / "Split-eval" / "SchemaDiff.pb").unlink()
    with pytest.raises(Exception, match=r"SchemaDiff\.pb"):
        schema_objections(given)


def test_an_anomaly_of_the_whole_data_set_is_described():
    found = anomalies()
    found.dataset_anomaly_info.description = "too few examples"
    assert describe("eval", found) == ["eval: too few examples"]


def test_missing_data_is_an_anomaly():
    assert describe("eval", anomalies_pb2.Anomalies(data_missing=True)) == [
        "eval: there are no examples"
    ]


@pytest.fixture
def report(artifact_of, write_window, scan_window, window_columns, tmp_path):
    """Runs the component over spans of training data; returns what it wrote."""

    def run(spans, schema=(), **settings):
        summary = scan_window(*write_window({"train": spans}))
        found = DataFindings()
        found.uri = str(tmp_path / "report")
        (tmp_path / "report").mkdir()
        told = DataReportSettings(**({"gates": DataGates(), "columns": window_columns} | settings))
        DataReport.test_call(
            anomalies=artifact_of(train=anomalies(**dict(schema))),
            summary=summary,
            report=found,
            settings=told.model_dump_json(),
        )
        return Findings.model_validate(
            json.loads((tmp_path / "report" / "data_report.json").read_text())
        )

    return run


def test_a_first_run_with_one_span_has_nothing_to_compare_with(report, healthy_span):
    found = report({"2026-01-01": healthy_span(1)})
    assert found.objections == ()
    assert (found.spans.newest, found.spans.before) == ("2026-01-01", ())
    assert found.features["item"].drift is None
    assert found.features["item"].unseen is None
    assert found.rates["click"].before is None


def test_all_objections_are_written_at_once_those_of_the_schema_first(report, healthy_span):
    broken = healthy_span(3) | {"device": [None] * 3000}
    spans = {f"2026-01-0{day}": healthy_span(day) for day in (1, 2)} | {"2026-01-03": broken}
    found = report(spans, {"price": "too low"})
    schema, device = found.objections
    assert schema == "train: price: too low"
    assert device.startswith("device vanished: no row has a value")
    assert found.features["device"].drift is None
    assert found.features["price"].drift.distance < 0.02


def test_the_values_of_a_private_feature_are_not_shown(report, healthy_span):
    spans = {f"2026-01-0{day}": healthy_span(day) for day in (1, 2)}
    spans["2026-01-03"] = healthy_span(3) | {"device": ["u4711"] * 3000}
    found = report(spans, private=["device"])
    [said] = [text for text in found.objections if text.startswith("device drifts")]
    assert "; one value, which is not shown, is 100 % of its values and was 0 % (" in said
    assert "u4711" not in found.model_dump_json()
    assert found.features["price"].drift.value != found.features["device"].drift.value


def test_what_was_served_otherwise_is_objected_to(report, healthy_span, tmp_path):
    spans = {f"2026-01-0{day}": healthy_span(day) for day in (1, 2)}
    for day, device in (("2026-01-01", "none"), ("2026-01-02", "watch")):
        folder = tmp_path / "logs" / "served" / day
        folder.mkdir(parents=True)
        served = pa.table({"device": [device] * 3000, "price": spans[day]["price"]})
        pa.parquet.write_table(served.append_column("ctr", [[0.1] * 3000]), folder / "a.parquet")
    served = {"path": "served/{SPAN}/*.parquet", "id": "id", "time": {"column": "time"}}
    found = report(spans, root=str(tmp_path / "logs"), served=served)
    [said] = found.objections
    assert said.startswith(
        "device is skewed from what was served: L-infinity 1.000 is above 0.1; 'watch' is 0 % of "
        "its values and is there 100 %"
    )
    assert found.features["price"].skew.distance == 0
    assert found.features["item"].skew is None
