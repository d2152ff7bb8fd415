"""Intervals from leaving a fold out: exact for means, honest where rows of a user are alike."""

import math

import numpy as np
import pytest
from scipy import stats

from evaluation.jackknife import figure, left_out


def test_sums_over_all_folds_and_without_each():
    kept = np.array([True, False, True])
    assert left_out(np.array([1.0, 2.0, 4.0]), kept).tolist() == [7, 6, 3]
    assert left_out(np.ones((2, 5, 3)), kept).shape == (2, 5, 3)


def test_of_a_mean_the_error_is_the_standard_error_and_the_interval_students():
    folds = np.random.default_rng(0).normal(5, 2, 20)
    kept = np.ones(20, bool)
    found = figure(left_out(folds, kept) / left_out(np.ones(20), kept), freedom=19)
    assert found.value == pytest.approx(folds.mean())
    assert found.error == pytest.approx(folds.std(ddof=1) / math.sqrt(20))
    low, high = stats.ttest_1samp(folds, 0).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.freedom == 19


def test_fewer_than_five_folds_give_no_interval():
    values = np.array([0.5, 0.4, 0.6, 0.5])
    assert figure(values, freedom=4).error is not None
    alone = figure(values, freedom=3)
    assert alone.value == 0.5
    assert (alone.error, alone.low, alone.high, alone.freedom) == (None,) * 4


@pytest.mark.parametrize("values", [[math.nan, 0.5, 0.6], [0.5, math.nan, 0.6], [0.5, math.inf, 1]])
def test_what_cannot_be_measured_without_a_fold_has_no_interval(values):
    assert figure(np.array(values), freedom=19).low is None


def test_an_interval_ends_where_values_end():
    values = np.array([0.99, *np.linspace(0.95, 1.0, 20)])
    found = figure(values, 19, bounds=(0.0, 1.0))
    assert found.high == 1.0
    assert figure(values, 19).high > 1.0
    assert found.low == figure(values, 19).low
