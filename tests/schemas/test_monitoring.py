"""Bars of the monitor are bands, and survive being written and read again."""

import math

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.monitoring import MEDIAN, Band, Monitor, parse_band

NUMBERS = st.floats(0, 1e6).map(lambda number: round(number, 3))


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        (">= 0.6", (0.6, math.inf)),
        ("<=1.25", (-math.inf, 1.25)),
        ("0.8 .. 1.25", (0.8, 1.25)),
        (" .5..2. ", (0.5, 2.0)),
    ],
)
def test_a_bar_is_a_bound_or_a_band(text, ends):
    band = parse_band(text)
    assert (band.lower, band.upper, band.of_median) == (*ends, False)


@pytest.mark.parametrize(
    "text", ["", "0.8", "> 0.6", "1.25 .. 0.8", ">= x", ">= 1 of the median hour", None, -1]
)
def test_anything_else_is_refused_with_what_was_received(text):
    with pytest.raises(ValueError, match="a bar cannot be read") as error:
        parse_band(text)
    assert repr(str(text)) in str(error.value)


def test_a_volume_is_told_in_median_hours():
    assert parse_band(f">= 0.5  {MEDIAN}", of_median=True) == Band(
        ">= 0.5 of the median hour", 0.5, math.inf, True
    )
    with pytest.raises(ValueError, match=r"Write '>= 0\.5 of the median hour'"):
        Monitor(volume=">= 0.5")


@pytest.mark.parametrize(
    ("low", "high", "missed"),
    [(0.7, 0.79, True), (0.7, 0.8, False), (1.26, 2, True), (1.25, 2, False), (0.1, 9, False)],
)
def test_an_interval_misses_a_band_if_all_of_it_lies_outside(low, high, missed):
    assert parse_band("0.8 .. 1.25").misses(low, high) is missed


def test_a_band_of_medians_is_so_many_rows():
    band = parse_band(f"0.5 .. 2 {MEDIAN}", of_median=True)
    assert band.misses(30, 49, 100)
    assert not band.misses(30, 51, 100)
    assert band.misses(201, 300, 100)


def test_what_cannot_be_told_misses_nothing():
    assert not parse_band("0.8 .. 1.25").misses(math.nan, math.nan)


def test_bars_have_defaults_and_null_switches_one_off():
    monitor = Monitor()
    assert monitor.copc.text == "0.8 .. 1.25"
    assert monitor.auc is None
    assert (monitor.volume.text, monitor.scored.text) == (f">= 0.05 {MEDIAN}", ">= 0.99")
    assert Monitor(copc=None, volume=None, scored=None).copc is None
    with pytest.raises(pydantic.ValidationError, match="did you mean 'copc'"):
        Monitor.model_validate({"cop": 1})
    with pytest.raises(pydantic.ValidationError, match="greater than or equal to 1"):
        Monitor(min_positives=0)


@given(NUMBERS, NUMBERS)
def test_every_band_is_read_as_it_was_written(one, other):
    low, high = sorted((one, other))
    monitor = Monitor(copc=f"{low} .. {high}", auc=f">= {low}", volume=f"<= {high} {MEDIAN}")
    assert (monitor.copc.lower, monitor.copc.upper, monitor.auc.lower) == (low, high, low)
    assert Monitor.model_validate_json(monitor.model_dump_json()) == monitor
