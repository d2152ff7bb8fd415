import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.data_report.ranges import Ranges


def test_a_common_number_has_a_range_of_its_own():
    numbers = np.array([0.0] * 90 + list(range(1, 11)))
    ranges = Ranges.of(numbers)
    assert ranges.bounds.tolist() == [0, 5, 10]
    assert ranges.find(np.array([-1.0, 0, 3, 5, 7, 10, 11])).tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert [ranges.name_of(str(i).encode()) for i in range(7)] == [
        "below 0", "0", "0 to 5", "5", "5 to 10", "10", "above 10",
    ]  # fmt: skip


def test_twenty_ranges_hold_as_many_numbers_each():
    numbers = np.random.default_rng(0).normal(size=100_000)
    ranges = Ranges.of(numbers)
    assert len(ranges.bounds) == 21
    _, counts = np.unique(ranges.find(numbers), return_counts=True)
    assert sorted(counts)[-20:] == pytest.approx([5000] * 20, abs=2)


def test_without_numbers_there_is_one_range():
    ranges = Ranges.of(np.array([]))
    assert ranges.find(np.array([1.0, -1.0])).tolist() == [0, 0]
    assert ranges.name_of(b"0") == "any number"


NUMBERS = st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=40)


@given(NUMBERS, NUMBERS)
def test_greater_numbers_never_have_lower_ranges(seen, found):
    ranges = Ranges.of(np.array(seen))
    of = ranges.find(np.sort(found))
    assert (np.diff(of) >= 0).all()
    assert of[0] >= 0
    assert of[-1] <= 2 * len(ranges.bounds)
