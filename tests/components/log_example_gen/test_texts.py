import decimal
import math

import hypothesis
import hypothesis.strategies as st
import pyarrow as pa
import pytest

from components.log_example_gen import texts


def listed(typed):
    array, complaints = typed
    return array.to_pylist(), {reason: mask.tolist() for reason, mask in complaints.items()}


@hypothesis.given(st.integers(-(2**53) + 1, 2**53 - 1))
@hypothesis.settings(deadline=None)
def test_whole_number_float_and_text_are_one_id(number):
    forms = [[number], [float(number)], [str(number)], [f"{number}.0"], [str(number).encode()]]
    found = {texts.identifier(pa.array(form))[0][0].as_py() for form in forms}
    assert found == {str(number)}


def test_text_keeps_what_it_says():
    assert listed(texts.text(pa.array(["1.0", " a", "nan", "ß"]))) == (
        ["1.0", " a", "nan", "ß"],
        {},
    )


def test_floats_lose_a_fraction_of_zero_only():
    found, _ = listed(texts.text(pa.array([1.0, -0.0, 1.5, 1e300, math.inf])))
    assert found == ["1", "0", "1.5", "1e+300", "inf"]


def test_nan_blank_and_null_are_missing():
    assert listed(texts.text(pa.array([math.nan, None, 2.0]))) == ([None, None, "2"], {})
    assert listed(texts.text(pa.array(["", None, "a"]))) == ([None, None, "a"], {})


def test_other_types_are_spelt_out():
    assert listed(texts.text(pa.array([True, False])))[0] == ["true", "false"]
    dates = pa.array(["2024-05-01"]).cast(pa.date32())
    assert listed(texts.text(dates))[0] == ["2024-05-01"]
    amounts = pa.array([decimal.Decimal("12.00"), decimal.Decimal("12.50")])
    assert listed(texts.text(amounts))[0] == ["12", "12.50"]
    assert listed(texts.text(pa.array([2**64 - 1], pa.uint64())))[0] == ["18446744073709551615"]


def test_bytes_that_are_no_utf_8_are_complained_of():
    found = listed(texts.text(pa.array([b"a", b"\xff", None])))
    assert found == (["a", None, None], {"not UTF-8": [False, True, False]})


def test_a_list_is_no_text():
    with pytest.raises(TypeError, match="one value a row was expected, but the file holds list"):
        texts.text(pa.array([[1]]))


def test_an_id_must_be_there():
    found = listed(texts.identifier(pa.array([b"", b"7", None, b"\xff"])))
    assert found[0] == [None, "7", None, None]
    assert found[1] == {
        "not UTF-8": [False, False, False, True],
        "missing": [True, False, True, False],
    }


def test_an_id_of_a_fixed_length_is_its_text():
    found = listed(texts.identifier(pa.array([b"ab", None, b"\xff\xff"], pa.binary(2))))
    assert found[0] == ["ab", None, None]
    assert found[1] == {"not UTF-8": [False, False, True], "missing": [False, True, False]}


def test_lists_text_and_numbers_give_the_same_lists():
    expected = [["1", "2"], [], ["3"]]
    assert texts.texts(pa.array([[1, 2], None, [3]]), "|")[0].to_pylist() == expected
    assert texts.texts(pa.array([[1.0, 2.0], [], [3.0]]), "|")[0].to_pylist() == expected
    assert texts.texts(pa.array(["1|2", "", "3"]), "|")[0].to_pylist() == expected
    assert texts.texts(pa.array([b"1|2", None, b"3"]), "|")[0].to_pylist() == expected
    fixed = pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2))
    assert texts.texts(fixed, "|")[0].to_pylist() == [["1", "2"], ["3", "4"]]


def test_a_slice_of_lists_is_read_from_its_own_start():
    sliced = pa.array([["a"], None, ["b", "c"], ["d"]]).slice(1, 2)
    assert texts.texts(sliced, "|")[0].to_pylist() == [[], ["b", "c"]]


def test_a_missing_element_keeps_its_place():
    assert texts.texts(pa.array([["a", None, "b"]]), "|")[0].to_pylist() == [["a", "", "b"]]
    assert texts.texts(pa.array(["a||b"]), "|")[0].to_pylist() == [["a", "", "b"]]


def test_a_bad_element_is_a_complaint_about_its_row():
    found = texts.texts(pa.array([[b"a"], None, [b"b", b"\xff", b"\xff"]]), "|")
    assert {k: v.tolist() for k, v in found[1].items()} == {"not UTF-8": [False, False, True]}


def test_a_struct_is_no_list():
    with pytest.raises(TypeError, match="a list of values a row was expected"):
        texts.texts(pa.array([{"a": 1}]), "|")


@pytest.mark.parametrize(
    "said",
    [
        [0, 1, None],
        [False, True, None],
        [0.0, 1.0, math.nan],
        ["0", "1", ""],
        ["False", "TRUE", None],
        [b"0.0", b"1.0", b""],
    ],
)
def test_a_label_may_be_said_in_many_ways(said):
    assert listed(texts.label(pa.array(said))) == ([0, 1, None], {})


def test_a_label_is_zero_or_one():
    found = listed(texts.label(pa.array([0, 2, 1, -1, None])))
    assert found == ([0, None, 1, None, None], {"not 0 or 1": [False, True, False, True, False]})
