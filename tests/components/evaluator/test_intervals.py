import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.evaluator.intervals import intervals


def named(numbers):
    """The interval of each number."""
    names, places = intervals(np.array(numbers, np.float64))
    assert len(set(names)) == len(names)
    return [names[place] for place in places]


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "[1, 2)"),
        (1.9999999, "[1, 2)"),
        (2.0, "[2, 4)"),
        (0.75, "[0.5, 1)"),
        (0.1, "[0.0625, 0.125)"),
        (1e6, "[524288, 1048576)"),
        (1e300, f"[{2.0**996}, {2.0**997})"),
        (1.5e-45, f"[{2.0**-149}, {2.0**-148})"),
        (-1.0, "[-1, -0.5)"),
        (-1.5, "[-2, -1)"),
        (-2.0, "[-2, -1)"),
        (-0.3, "[-0.5, -0.25)"),
        (float("nan"), "(missing)"),
        (float("inf"), "(missing)"),
        (-float("inf"), "(missing)"),
    ],
)
def test_a_number_lies_between_powers_of_two(number, name):
    assert named([number]) == [name]


@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: 0 < abs(x) < 1e308))
def test_a_number_lies_in_the_interval_that_is_told(number):
    [name] = named([number])
    low, high = (float(bound) for bound in name.strip("[)").split(", "))
    assert low <= number < high
    assert high / low in (2.0, 0.5) or abs(number) < 1e-300


def test_numbers_share_intervals_and_of_none_there_are_none():
    found = named([3.0, float("nan"), 2.0, 0.0, 3.5])
    assert found == ["[2, 4)", "(missing)", "[2, 4)", "0", "[2, 4)"]
    assert intervals(np.zeros(0))[0] == []
