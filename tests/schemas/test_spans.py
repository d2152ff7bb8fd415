import datetime

import hypothesis.strategies as st
import pytest
from hypothesis import given

from schemas.spans import parse_span, parse_spans, spans_text

MAY_1, MAY_2 = datetime.date(2024, 5, 1), datetime.date(2024, 5, 2)


def test_spans_are_read_in_order_and_once():
    assert parse_spans('["2024-05-02", "2024-05-01", "2024-05-02"]') == (MAY_1, MAY_2)


@given(st.lists(st.dates(), min_size=1, unique=True))
def test_what_was_written_down_is_read_again(spans):
    assert parse_spans(spans_text(spans)) == tuple(sorted(spans))


@pytest.mark.parametrize("text", ["2024-05-01", '["May"]', "[20240501]", "{", "null"])
def test_spans_that_are_no_dates_are_refused(text):
    with pytest.raises(ValueError, match="spans are a JSON list of ISO dates") as error:
        parse_spans(text)
    assert repr(text) in str(error.value)


def test_no_span_is_refused():
    with pytest.raises(ValueError, match="at least one day"):
        parse_spans("[]")


def test_a_span_is_a_day():
    assert parse_span("2024-05-01 ") == MAY_1


@pytest.mark.parametrize("text", ["", "May", "2024-02-31", "2024-05-01T03:00"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(ValueError, match="a span is a date") as error:
        parse_span(text)
    assert str(error.value).endswith(f"Received: {text!r}")
