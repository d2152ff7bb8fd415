import datetime

from tfx.orchestration.data_types import RuntimeParameter

from pipeline.asked import Asked
from pipeline.preflight import Inputs

DAYS = (datetime.date(2026, 1, 1), datetime.date(2026, 1, 3))
KNOWN = datetime.datetime(2026, 1, 5, 1, tzinfo=datetime.UTC)


def test_known_inputs_are_asked_for_by_their_newest_span_and_their_number():
    asked = Asked.of(Inputs(DAYS, "f1", KNOWN), "20260105T010000Z")
    assert asked == Asked("2026-01-03", 2, "2026-01-05T01:00:00+00:00", "f1", "20260105T010000Z")
    assert asked.known_span == "2026-01-03"


def test_nobody_knows_a_span_that_is_told_when_the_graph_runs():
    span = RuntimeParameter("span", ptype=str, default="")
    assert Asked(span, 7, "").known_span == ""
