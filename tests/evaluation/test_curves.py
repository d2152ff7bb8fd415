"""Curves: few points, on the exact curve, with intervals that follow from the folds."""

import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from evaluation.curves import curves_of
from evaluation.measures import RateSums
from evaluation.rows import FOLDS


def curves(prediction, label, fold=None, weight=None, room=4096):
    sums = RateSums(room)
    fold = np.arange(len(label)) % FOLDS if fold is None else fold
    weight = np.ones(len(label)) if weight is None else weight
    sums.add(prediction, label, weight, fold)
    return curves_of(sums.whole, sums.by_fold, np.bincount(fold, minlength=FOLDS) > 0)


def drawn(rows, seed=0):
    random = np.random.default_rng(seed)
    prediction = random.beta(1, 6, rows)
    return prediction, (random.random(rows) < prediction).astype(float)


def test_three_rows_are_drawn_as_they_are():
    told = curves(np.array([0.1, 0.5, 0.9]), np.array([0.0, 1.0, 0.0]))
    assert told.roc == ((0, 0), (0.5, 0), (0.5, 1), (1, 1))
    assert told.pr == ((0, 0), (1, 0.5), (1, pytest.approx(1 / 3, abs=1e-6)))


def test_many_rows_are_drawn_by_200_points_that_lie_on_the_curve():
    prediction, label = drawn(20_000)
    told = curves(prediction, label, room=16_384)
    assert len(told.roc) <= 200 and len(told.pr) <= 200
    assert told.roc[0] == (0, 0) and told.roc[-1] == (1, 1)
    assert told.pr[-1][0] == 1
    false, true, _ = sklearn_metrics.roc_curve(label, prediction, drop_intermediate=False)
    x, y = np.array(told.roc).T
    assert (np.diff(x) >= 0).all() and (np.diff(y) >= 0).all()
    assert np.abs(np.interp(x, false, true) - y).max() < 5e-3
    assert np.trapezoid(y, x) == pytest.approx(
        sklearn_metrics.roc_auc_score(label, prediction), abs=1e-3
    )
    precision, recall, _ = sklearn_metrics.precision_recall_curve(label, prediction)
    x, y = np.array(told.pr).T
    assert (np.diff(x) >= 0).all()
    late = x > 0.05  # near the start precision jumps with each row
    assert np.abs(np.interp(x, recall[::-1], precision[::-1]) - y)[late].max() < 0.01


def test_reliability_is_by_bins_of_equal_weight():
    prediction, label = drawn(3000)
    told = curves(prediction, label).reliability
    order = np.argsort(prediction).reshape(15, 200)
    assert [each.weight for each in told] == [200] * 15
    for each, rows in zip(told, order, strict=True):
        assert each.predicted == pytest.approx(prediction[rows].mean())
        assert each.observed == pytest.approx(label[rows].mean())
        assert each.low is None or each.low <= each.observed <= each.high
    assert told[-1].low is not None


def test_the_interval_of_a_bin_is_that_of_its_rate_over_folds():
    random = np.random.default_rng(1)
    fold = np.repeat(np.arange(FOLDS), 50)
    label = (random.random(1000) < 0.1 + 0.02 * fold).astype(float)
    (told,) = curves(np.full(1000, 0.3), label, fold).reliability
    rates = label.reshape(FOLDS, 50).mean(1)
    error = rates.std(ddof=1) / math.sqrt(FOLDS)
    assert told.predicted == pytest.approx(0.3)
    assert told.observed == pytest.approx(rates.mean())
    assert told.high - told.observed == pytest.approx(2.093024 * error, rel=1e-5)


def test_a_bin_with_positives_in_fewer_than_five_folds_has_no_interval():
    label = np.zeros(1000)
    label[:4] = 1  # in folds 0 to 3
    (told,) = curves(np.full(1000, 0.3), label).reliability
    assert told.observed == 0.004 and told.low is None


def test_scores_are_spread_over_at_most_60_bins_and_none_is_lost():
    prediction, label = drawn(10_000)
    weight = np.random.default_rng(2).random(10_000)
    prediction[0], prediction[1] = 0.0, 1.0  # far out: counted in the last bins
    told = curves(prediction, label, weight=weight)
    assert len(told.edges) == 61
    assert len(told.negatives) == len(told.positives) == 60
    assert sum(told.positives) == pytest.approx((weight * label).sum(), rel=1e-5)
    assert sum(told.negatives) == pytest.approx((weight * (1 - label)).sum(), rel=1e-5)
    log_odds = np.log(prediction[2:] / (1 - prediction[2:]))
    inside = (log_odds > told.edges[20]) & (log_odds < told.edges[40])
    expected = (weight * label)[2:][inside].sum()
    assert sum(told.positives[20:40]) == pytest.approx(expected, rel=0.02)
    assert told.edges[0] > -20 and told.edges[-1] < 20


def test_a_constant_is_one_bin_and_a_straight_line():
    told = curves(np.full(40, 0.25), np.arange(40) % 2 * 1.0)
    assert told.roc == ((0, 0), (1, 1))
    assert told.pr == ((1, 0.5),)
    assert len(told.edges) == 2 and told.positives == (20,)
    assert told.edges[0] < math.log(1 / 3) < told.edges[1]


def test_one_class_has_no_roc():
    told = curves(np.array([0.2, 0.3]), np.zeros(2))
    assert told.roc == () and told.pr == ()
    assert [each.observed for each in told.reliability] == [0, 0]
