"""Intervals against published values, other libraries and simulated truth."""

import math

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import roc_auc_score

from pipeline.monitoring import intervals


@pytest.mark.parametrize(
    ("events", "low", "high"),
    # Garwood's own table of 1936, as every textbook prints it.
    [(0, 0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39), (100, 81.36, 121.63)],
)
def test_counts_have_the_exact_interval(events, low, high):
    assert intervals.of_count(events) == pytest.approx((low, high), rel=1e-3)


def test_the_ends_of_a_count_are_where_as_few_or_as_many_are_one_in_forty():
    low, high = intervals.of_count(17)
    assert scipy.stats.poisson.sf(16, low) == pytest.approx(0.025)
    assert scipy.stats.poisson.cdf(17, high) == pytest.approx(0.025)


def test_a_sum_strays_by_the_root_of_its_squares():
    assert intervals.of_sum(30.0, 100.0) == pytest.approx((30 - 19.6, 30 + 19.6), abs=1e-3)


def test_an_auc_is_exact_and_its_interval_that_of_delong():
    scores = np.array([0.1, 0.2, 0.2, 0.4, 0.7, 0.7, 0.9])
    labels = np.array([0, 0, 1, 0, 1, 0, 1])
    groups, place = np.unique(scores, return_inverse=True)
    positives = np.bincount(place, labels, len(groups))
    negatives = np.bincount(place, 1 - labels, len(groups))
    auc, low, high = intervals.of_auc(negatives, positives)
    assert auc == pytest.approx(roc_auc_score(labels, scores))
    # The definition, pair by pair.
    wins = np.array(
        [[(p > n) + (p == n) / 2 for n in scores[labels == 0]] for p in scores[labels == 1]]
    )
    error = math.sqrt(wins.mean(1).var(ddof=1) / 3 + wins.mean(0).var(ddof=1) / 4)
    assert (low, high) == pytest.approx(
        (max(auc - 1.96 * error, 0), min(auc + 1.96 * error, 1)), abs=1e-4
    )


def test_nineteen_of_twenty_intervals_hold_the_truth():
    """Scores of positives are one deviation above those of negatives: an AUC of 0.7602."""
    rng = np.random.default_rng(0)
    truth, held = scipy.stats.norm.cdf(1 / math.sqrt(2)), 0
    for _ in range(400):
        above, below = rng.normal(1, 1, 40), rng.normal(0, 1, 160)
        scores = np.concatenate([above, below])
        order = np.argsort(scores)
        positives = (order < 40).astype(float)
        _, low, high = intervals.of_auc(1 - positives, positives)
        held += low <= truth <= high
    assert 0.92 <= held / 400 <= 0.98


def test_where_a_class_is_absent_or_alone_there_is_nothing_to_tell():
    none = np.zeros(2)
    assert all(map(math.isnan, intervals.of_auc(np.array([1.0, 1.0]), none)))
    assert all(map(math.isnan, intervals.of_auc(none, np.array([1.0, 1.0]))))
    auc, low, high = intervals.of_auc(np.array([5.0, 0.0]), np.array([0.0, 1.0]))
    assert (auc, low, high) == (1.0, 0.0, 1.0)
