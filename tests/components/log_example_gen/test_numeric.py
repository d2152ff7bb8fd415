import decimal
import math

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest

from components.log_example_gen import numeric


def listed(typed):
    array, complaints = typed
    return array.to_pylist(), {reason: mask.tolist() for reason, mask in complaints.items()}


@hypothesis.given(st.floats(allow_nan=False, allow_infinity=False, width=32))
@hypothesis.settings(deadline=None)
def test_a_number_and_its_text_are_one_number(value):
    forms = [pa.array([value]), pa.array([repr(value)]), pa.array([f" {value!r} "])]
    found = {numeric.number(form)[0][0].as_py() for form in forms}
    assert found == {float(np.float32(value))}


def test_nan_blank_and_null_are_missing_and_zero_is_not():
    assert listed(numeric.number(pa.array([math.nan, None, 0.0]))) == ([None, None, 0.0], {})
    assert listed(numeric.number(pa.array(["nan", "", "0"]))) == ([None, None, 0.0], {})
    assert listed(numeric.number(pa.nulls(2))) == ([None, None], {})


def test_any_type_of_number_is_a_number():
    assert listed(numeric.number(pa.array([True, False])))[0] == [1.0, 0.0]
    assert listed(numeric.number(pa.array([decimal.Decimal("2.50")])))[0] == [2.5]
    assert listed(numeric.number(pa.array([7], pa.uint8())))[0] == [7.0]
    assert listed(numeric.number(pa.array([b"7", b"8"]).dictionary_encode()))[0] == [7.0, 8.0]


@pytest.mark.parametrize("text", ["abc", "1,5", "1_000", "0x10", "-"])
def test_text_that_is_no_number_is_complained_of(text):
    found = listed(numeric.number(pa.array(["1", text, "+2", None])))
    assert found == ([1.0, None, 2.0, None], {"not a number": [False, True, False, False]})


def test_a_number_that_32_bits_cannot_hold_is_complained_of_and_infinity_is_not():
    found = listed(numeric.number(pa.array([1e39, math.inf, 1.0])))
    assert found[1] == {"too large for 32 bits": [True, False, False]}
    assert found[0][1:] == [math.inf, 1.0]


def test_an_infinite_amount_is_complained_of():
    found = listed(numeric.amount(pa.array([0.1, math.inf, math.nan])))
    assert found == ([0.1, math.inf, None], {"infinite": [False, True, False]})


def test_a_time_is_no_number():
    with pytest.raises(
        TypeError, match="a number a row was expected, but the file holds timestamp"
    ):
        numeric.float64(pa.array([0], pa.timestamp("us")))
