import pytest

from components.data_gate.component import DataGate
from components.data_report.artifacts import DataFindings
from components.data_report.report import Findings, Spans
from components.refusal import Refusal


@pytest.fixture
def report_with(tmp_path):
    """Writes a report with objections."""

    def write(*objections):
        found = Findings(
            features={}, rates={}, objections=objections, spans=Spans(newest="2026-01-02")
        )
        artifact = DataFindings()
        artifact.uri = str(tmp_path)
        (tmp_path / "data_report.json").write_text(found.model_dump_json())
        return artifact

    return write


def test_data_that_nothing_objects_to_passes(report_with):
    DataGate.test_call(report=report_with(), pipeline_name="shop")


def test_a_run_stops_with_all_objections_where_they_are_kept_and_the_ways_out(
    report_with, tmp_path
):
    given = report_with("eval: city: Unknown value: mars", "price drifts")
    with pytest.raises(Refusal) as error:
        DataGate.test_call(report=given, pipeline_name="shop")
    assert str(error.value) == (
        "the data of shop is refused: eval: city: Unknown value: mars; price drifts. All of it is "
        f"in {tmp_path}. Mend the logs; or the schema, or the limits under `data` of the config, "
        "if this is how the data is now"
    )
    assert error.value.objections == ("eval: city: Unknown value: mars", "price drifts")
    assert error.value.way_out == str(error.value).partition("price drifts. ")[2]
    assert (tmp_path / "data_report.json").exists()


def test_a_report_that_is_not_there_does_not_pass(report_with, tmp_path):
    given = report_with()
    (tmp_path / "data_report.json").unlink()
    with pytest.raises(Exception, match=r"data_report\.json"):
        DataGate.test_call(report=given, pipeline_name="shop")
