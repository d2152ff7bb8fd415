import numpy as np

from evaluation.gaps import scaled_gaps


def floats(*values):
    return np.array(values, np.float32)


def test_a_gap_is_absolute_up_to_one_and_relative_above():
    found = scaled_gaps(floats(0.25, 200, -200), floats(0.5, 100, 100))
    assert found.tolist() == [0.25, 0.5, 1.5]


def test_what_is_no_number_is_infinitely_far():
    nan, inf = float("nan"), float("inf")
    found = scaled_gaps(floats(nan, 1, inf, nan), floats(1, nan, inf, nan))
    assert found.tolist() == [inf] * 4
