"""Durations are whole numbers with a unit, and survive being written and read again."""

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.duration import Seconds, parse_seconds

SECONDS = pydantic.TypeAdapter(Seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h", 3600), ("3d", 259_200), (" 2 h ", 7200), ("0s", 0)],
)
def test_a_duration_is_a_whole_number_and_a_unit(text, seconds):
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "1", 3600, "h", "1.5h", "-1h", "1w", "1h30m", "1H"])
def test_anything_else_is_refused_with_the_rule_and_what_was_received(text):
    with pytest.raises(ValueError, match=r"whole number and a unit, s, m, h or d") as error:
        parse_seconds(text)
    assert f"Received: {text!r}" in str(error.value)


@given(st.integers(0, 10**9), st.sampled_from([("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]))
def test_every_number_and_unit_multiply(number, unit):
    assert parse_seconds(f"{number}{unit[0]}") == number * unit[1]


@given(st.integers(0, 10**9))
def test_a_duration_reads_what_it_writes(seconds):
    assert (
        SECONDS.validate_json(SECONDS.dump_json(SECONDS.validate_python(f"{seconds}s"))) == seconds
    )
