import numpy as np
import pytest

from components.data_report.chance import beyond_chance


def test_four_standard_errors_are_beyond_chance():
    # The standard error is sqrt(0.5 * 0.5 * 2 / 200) = 0.05 where the pooled share is 0.5.
    assert beyond_chance(0.605, 200, 0.395, 200)
    assert not beyond_chance(0.595, 200, 0.405, 200)


def test_a_few_rows_prove_nothing_and_many_a_little():
    assert not beyond_chance(0.0, 10, 0.5, 10)
    assert beyond_chance(0.50, 1_000_000, 0.51, 1_000_000)


@pytest.mark.parametrize(("rows", "other_rows"), [(0, 9), (9, 0), (0, 0)])
def test_nothing_is_sure_without_rows(rows, other_rows):
    assert not beyond_chance(0.0, rows, 1.0, other_rows)


def test_equal_shares_are_not_beyond_chance():
    assert not beyond_chance(0.0, 1000, 0.0, 1000)
    assert not beyond_chance(1.0, 1000, 1.0, 1000)
    rng = np.random.default_rng(0)
    draws = rng.binomial([[500], [4000]], 0.05, (2, 4000)) / [[500], [4000]]
    wrong = sum(beyond_chance(now, 500, earlier, 4000) for now, earlier in draws.T)
    assert wrong <= 4  # of 4,000
