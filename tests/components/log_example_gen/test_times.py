import datetime
import math

import hypothesis
import hypothesis.strategies as st
import pyarrow as pa
import pytest

from components.log_example_gen import times

MAY_1 = 1_714_521_600


def listed(typed):
    array, complaints = typed
    return array.to_pylist(), {reason: mask.tolist() for reason, mask in complaints.items()}


@pytest.mark.parametrize("unit, factor", [("s", 1), ("ms", 1_000), ("us", 1_000_000)])
def test_number_float_and_text_of_a_time_agree(unit, factor):
    stamp = MAY_1 * factor
    for form in ([stamp], [float(stamp)], [str(stamp)], [str(stamp).encode()]):
        assert listed(times.micros(pa.array(form), unit)) == ([MAY_1 * 1_000_000], {})


@hypothesis.given(st.integers(631_152_000_000_000, 4_102_444_799_999_999))
@hypothesis.settings(deadline=None)
def test_every_microsecond_is_exact(stamp):
    when = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=stamp)
    assert times.micros(pa.array([str(stamp)]), "us")[0].to_pylist() == [stamp]
    assert times.micros(pa.array([when.isoformat()]), "iso")[0].to_pylist() == [stamp]


def test_fractions_of_a_second_count():
    assert listed(times.micros(pa.array([MAY_1 + 0.25]), "s")) == (
        [MAY_1 * 1_000_000 + 250_000],
        {},
    )


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01",
        "2024-05-01 00:00:00",
        "2024-05-01T00:00:00Z",
        "2024-05-01T02:00:00+02:00",
        "2024-05-01T00:00:00.000000",
        "20240501T000000",
    ],
)
def test_iso_times_are_utc_unless_they_say_otherwise(text):
    assert listed(times.micros(pa.array([text]), "iso")) == ([MAY_1 * 1_000_000], {})


def test_zones_in_some_rows_only_are_read():
    mixed = pa.array(["2024-05-01T00:00:00", "2024-05-01T02:00:00+02:00", "soon", ""])
    found = listed(times.micros(mixed, "iso"))
    assert found[0] == [MAY_1 * 1_000_000, MAY_1 * 1_000_000, None, None]
    assert found[1] == {
        "not an ISO 8601 time": [False, False, True, False],
        "missing": [False, False, False, True],
    }


def test_a_column_of_timestamps_is_what_it_is():
    nanos = pa.array([MAY_1 * 10**9 + 1, None], pa.timestamp("ns", "Europe/Berlin"))
    found = listed(times.micros(nanos, "ms"))
    assert found == ([MAY_1 * 1_000_000, None], {"missing": [False, True]})
    days = pa.array([datetime.date(2024, 5, 1)])
    assert listed(times.micros(days, "s")) == ([MAY_1 * 1_000_000], {})


@pytest.mark.parametrize("seconds", [2**62, -(2**63), MAY_1 + 2**58, MAY_1 - 2**58])
def test_a_timestamp_that_microseconds_cannot_hold_is_outside_the_range(seconds):
    # 2**58 times a million is nothing in 64 bits: it would be May again.
    found = listed(times.micros(pa.array([seconds, MAY_1], pa.timestamp("s")), "s"))
    assert found[0][1] == MAY_1 * 1_000_000
    assert found[1] == {"outside 1990 to 2100": [True, False]}


@pytest.mark.parametrize(
    "kind, day, far",
    [(pa.date32(), 19_844, 2**31 - 1), (pa.date64(), MAY_1 * 1000, 86_400_000 * 10**11)],
)
def test_a_date_in_a_far_year_is_outside_the_range(kind, day, far):
    found = listed(times.micros(pa.array([far, day, None], kind), "iso"))
    assert found[0][1:] == [MAY_1 * 1_000_000, None]
    assert found[1] == {
        "missing": [False, False, True],
        "outside 1990 to 2100": [True, False, False],
    }


@pytest.mark.parametrize("unit, factor", [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_the_unit_of_a_timestamp_is_its_own(unit, factor):
    array = pa.array([MAY_1 * factor], pa.timestamp(unit))
    assert listed(times.micros(array, "ms")) == ([MAY_1 * 1_000_000], {})


def test_what_is_no_time_is_complained_of_by_reason():
    floats = pa.array([MAY_1, math.nan, None, math.inf, -1.0])
    assert listed(times.micros(floats, "s"))[1] == {
        "not a number": [False, True, False, False, False],
        "missing": [False, False, True, False, False],
        "outside 1990 to 2100": [False, False, False, True, True],
    }
    said = pa.array([str(MAY_1), "noon", "", "nan"])
    for form in (said, said.cast(pa.binary()), said.dictionary_encode()):
        assert listed(times.micros(form, "s"))[1] == {
            "not a number": [False, True, False, True],
            "missing": [False, False, True, False],
        }


def test_unreadable_bytes_are_complained_of_and_are_not_missing():
    stamps = pa.array([b"\xff", b"", b"2024-05-01"])
    assert listed(times.micros(stamps, "iso")) == (
        [None, None, MAY_1 * 1_000_000],
        {"not UTF-8": [True, False, False], "missing": [False, True, False]},
    )


def test_seconds_taken_for_milliseconds_are_outside_the_range():
    found = listed(times.micros(pa.array([MAY_1]), "ms"))[1]
    assert found == {"outside 1990 to 2100": [True]}


@pytest.mark.parametrize("stamp, good", [(631_152_000, True), (631_151_999, False)])
def test_the_year_1990_is_the_first(stamp, good):
    assert (times.micros(pa.array([stamp]), "s")[1] == {}) is good


@pytest.mark.parametrize("stamp, good", [(4_102_444_799, True), (4_102_444_800, False)])
def test_the_year_2100_is_outside(stamp, good):
    assert (times.micros(pa.array([stamp]), "s")[1] == {}) is good
