import math

import numpy as np
import pyarrow as pa
import pytest

from components.log_example_gen import arrays


def test_a_complaint_that_no_row_has_is_no_complaint():
    assert arrays.complain({}, "bad", np.array([False, False])) == {}
    found = arrays.complain({}, "bad", np.array([False, True]))
    assert found["bad"].tolist() == [False, True]


def test_a_complaint_is_added_to_those_before_it():
    before = {"bad": np.array([True, False])}
    assert list(arrays.complain(before, "worse", np.array([True, True]))) == ["bad", "worse"]
    assert list(before) == ["bad"]


def test_nulls_are_found_with_and_without_any():
    assert arrays.nulls(pa.array([1, None])).tolist() == [False, True]
    assert arrays.nulls(pa.array([1, 2])).tolist() == [False, False]


def test_a_dictionary_becomes_its_values_and_nothing_becomes_text():
    assert arrays.plain(pa.array(["a", "a"]).dictionary_encode()).equals(pa.array(["a", "a"]))
    assert arrays.plain(pa.nulls(2)).equals(pa.array([None, None], pa.string()))


def test_bytes_of_a_fixed_length_become_bytes_of_any():
    fixed = pa.array([b"ab", None], pa.binary(2))
    assert arrays.plain(fixed).equals(pa.array([b"ab", None], pa.binary()))


def test_a_blank_text_is_null_and_a_space_is_not():
    assert arrays.blank_to_null(pa.array(["", " ", "a", None])).to_pylist() == [
        None,
        " ",
        "a",
        None,
    ]


@pytest.mark.parametrize(
    "array, expected",
    [
        (pa.array(["", " ", None, "nan"]), [True, False, True, False]),
        (pa.array([b"", b"\xff", None]), [True, False, True]),
        (pa.array(["", "a", "", None]).dictionary_encode(), [True, False, True, True]),
        (pa.array([0.0, math.nan, None]), [False, False, True]),
        (pa.array([b"ab", None], pa.binary(2)), [False, True]),
        (pa.array([[], None]), [False, True]),
        (pa.nulls(2), [True, True]),
    ],
)
def test_null_and_blank_are_absent_and_nothing_else_is(array, expected):
    assert arrays.absent(array).tolist() == expected


def test_strings_and_bytes_are_text():
    kinds = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
    assert all(arrays.is_text(kind) for kind in kinds)
    assert not arrays.is_text(pa.int64())
