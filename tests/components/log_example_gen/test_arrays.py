import numpy as np
import pyarrow as pa

from components.log_example_gen import arrays


def test_a_complaint_that_no_row_has_is_no_complaint():
    assert arrays.complain({}, "bad", np.array([False, False])) == {}
    found = arrays.complain({}, "bad", np.array([False, True]))
    assert found["bad"].tolist() == [False, True]


def test_nulls_are_found_with_and_without_any():
    assert arrays.nulls(pa.array([1, None])).tolist() == [False, True]
    assert arrays.nulls(pa.array([1, 2])).tolist() == [False, False]


def test_a_dictionary_becomes_its_values_and_nothing_becomes_text():
    assert arrays.plain(pa.array(["a", "a"]).dictionary_encode()).equals(pa.array(["a", "a"]))
    assert arrays.plain(pa.nulls(2)).equals(pa.array([None, None], pa.string()))


def test_a_blank_text_is_null_and_a_space_is_not():
    assert arrays.blank_to_null(pa.array(["", " ", "a", None])).to_pylist() == [
        None,
        " ",
        "a",
        None,
    ]


def test_strings_and_bytes_are_text():
    kinds = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
    assert all(arrays.is_text(kind) for kind in kinds)
    assert not arrays.is_text(pa.int64())
