import decimal
import math

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest

from components.log_example_gen import numeric

rules = pytest.mark.parametrize("rule", [numeric.number, numeric.amount])


def listed(typed):
    array, complaints = typed
    return array.to_pylist(), {reason: mask.tolist() for reason, mask in complaints.items()}


@hypothesis.given(st.floats(allow_nan=False, allow_infinity=False, width=32))
@hypothesis.settings(deadline=None)
def test_a_number_and_its_text_are_one_number(value):
    forms = [pa.array([value]), pa.array([repr(value)]), pa.array([f" {value!r} "])]
    found = {numeric.number(form)[0][0].as_py() for form in forms}
    assert found == {float(np.float32(value))}


@rules
def test_blank_and_null_are_missing_and_zero_is_not(rule):
    assert listed(rule(pa.array([None, 0.0]))) == ([None, 0.0], {})
    assert listed(rule(pa.array(["", None, "0"]))) == ([None, None, 0.0], {})
    assert listed(rule(pa.array([b"", None, b"0"]))) == ([None, None, 0.0], {})
    assert listed(rule(pa.array(["", "0", ""]).dictionary_encode())) == ([None, 0.0, None], {})
    assert listed(rule(pa.nulls(2))) == ([None, None], {})


@rules
@pytest.mark.parametrize("form", [[math.nan, None, 1.5], ["NaN", "", "1.5"], [" nan", None, "1.5"]])
def test_nan_is_refused_and_is_not_missing(rule, form):
    assert listed(rule(pa.array(form))) == ([None, None, 1.5], {"NaN": [True, False, False]})


@rules
@pytest.mark.parametrize(
    "form", [[math.inf, -math.inf, None, 1.5], ["inf", "-Infinity", "", "1.5"], ["1e999", "-1e999"]]
)
def test_infinity_is_refused(rule, form):
    array = pa.array(form)
    expected = [None, None, None, 1.5][: len(form)]
    assert listed(rule(array)) == (expected, {"infinite": [True, True, False, False][: len(form)]})


@rules
def test_each_row_has_its_own_complaint(rule):
    found = listed(rule(pa.array(["x", "nan", "inf", "", "2", "+3"])))
    assert found[0] == [None, None, None, None, 2.0, 3.0]
    assert found[1] == {
        "not a number": [True, False, False, False, False, False],
        "NaN": [False, True, False, False, False, False],
        "infinite": [False, False, True, False, False, False],
    }


@rules
def test_unreadable_bytes_are_complained_of_once(rule):
    found = listed(rule(pa.array([b"\xff", b"1", b""])))
    assert found == ([None, 1.0, None], {"not UTF-8": [True, False, False]})


def test_any_type_of_number_is_a_number():
    assert listed(numeric.number(pa.array([True, False])))[0] == [1.0, 0.0]
    assert listed(numeric.number(pa.array([decimal.Decimal("2.50")])))[0] == [2.5]
    assert listed(numeric.number(pa.array([7], pa.uint8())))[0] == [7.0]
    assert listed(numeric.number(pa.array([b"7", b"8"]).dictionary_encode()))[0] == [7.0, 8.0]


@pytest.mark.parametrize("text", ["abc", "1,5", "1_000", "0x10", "-"])
def test_text_that_is_no_number_is_complained_of(text):
    found = listed(numeric.number(pa.array(["1", text, "+2", None])))
    assert found == ([1.0, None, 2.0, None], {"not a number": [False, True, False, False]})


def test_a_number_that_32_bits_cannot_hold_is_complained_of_and_an_amount_holds_it():
    array = pa.array([1e39, -1e39, 1.0])
    assert listed(numeric.number(array))[1] == {"too large for 32 bits": [True, True, False]}
    assert listed(numeric.amount(array)) == ([1e39, -1e39, 1.0], {})


def test_a_number_has_32_bits_and_an_amount_64():
    number, amount = (rule(pa.array([0.1]))[0] for rule in (numeric.number, numeric.amount))
    assert (number.type, amount.type) == (pa.float32(), pa.float64())
    assert (number[0].as_py(), amount[0].as_py()) == (float(np.float32(0.1)), 0.1)


def test_a_time_is_no_number():
    with pytest.raises(
        TypeError, match="a number a row was expected, but the file holds timestamp"
    ):
        numeric.float64(pa.array([0], pa.timestamp("us")))
