import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.data_report.ranges import Ranges


def test_a_common_number_has_a_range_of_its_own():
    numbers = np.array([0.0] * 70 + list(range(1, 31)))
    ranges = Ranges.of(numbers)
    assert ranges.bounds.tolist() == [0, 10, 20, 30]
    assert ranges.find(np.array([-1.0, 0, 3, 10, 15, 20, 25, 30, 31])).tolist() == list(range(9))
    assert [ranges.name_of(str(i).encode()) for i in range(9)] == [
        "below 0", "0", "0 to 10", "10", "10 to 20", "20", "20 to 30", "30", "above 30",
    ]  # fmt: skip


def test_ten_ranges_hold_as_many_numbers_each():
    numbers = np.random.default_rng(0).normal(size=100_000)
    ranges = Ranges.of(numbers)
    assert len(ranges.bounds) == 11
    _, counts = np.unique(ranges.find(numbers), return_counts=True)
    assert sorted(counts)[-10:] == pytest.approx([10_000] * 10, abs=2)


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
