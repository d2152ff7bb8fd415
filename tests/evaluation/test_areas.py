"""Areas under curves and calibration error: equal to scikit-learn and to plain loops."""

import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from evaluation.areas import (
    auc,
    average_precision,
    calibration_error,
    equal_weights,
    grouped,
    roc_auc,
)


def drawn(rows, seed=0, digits=2):
    """Predictions with many ties, labels and weights of which some are 0."""
    random = np.random.default_rng(seed)
    prediction = np.round(random.beta(1, 4, rows), digits)
    label = (random.random(rows) < prediction).astype(float)
    return prediction, label, random.integers(0, 4, rows).astype(float)


@pytest.mark.parametrize("seed", range(5))
def test_areas_are_those_of_scikit_learn_with_ties_and_weights(seed):
    prediction, label, weight = drawn(500, seed)
    parts = grouped(prediction, label, weight)
    assert roc_auc(*parts) == pytest.approx(
        sklearn_metrics.roc_auc_score(label, prediction, sample_weight=weight), abs=1e-12
    )
    assert average_precision(*parts) == pytest.approx(
        sklearn_metrics.average_precision_score(label, prediction, sample_weight=weight), abs=1e-12
    )
    assert auc(prediction, label) == pytest.approx(
        sklearn_metrics.roc_auc_score(label, prediction), abs=1e-12
    )


def test_figures_of_many_folds_at_once_are_those_of_each():
    random = np.random.default_rng(0)
    negatives, positives, predicted = random.random((3, 4, 5, 40))
    for figure, parts in (
        (roc_auc, (negatives, positives)),
        (average_precision, (negatives, positives)),
        (calibration_error, (negatives, positives, predicted)),
    ):
        found = figure(*parts)
        assert found.shape == (4, 5)
        for place in np.ndindex(4, 5):
            assert found[place] == pytest.approx(figure(*(part[place] for part in parts)))


def test_all_tied_is_a_half():
    assert auc(np.full(5, 0.3), np.array([0, 1, 0, 1, 1])) == 0.5


def test_a_label_may_be_a_probability():
    prediction, rate, _ = drawn(200)
    doubled = np.concatenate([prediction, prediction])
    label = np.repeat([0.0, 1.0], 200)
    weight = np.concatenate([1 - rate, rate])
    assert auc(prediction, rate) == pytest.approx(
        sklearn_metrics.roc_auc_score(label, doubled, sample_weight=weight)
    )


@pytest.mark.parametrize("label", [[0.0, 0.0], [1.0, 1.0], []])
def test_one_class_has_no_auc(label):
    assert math.isnan(auc(np.linspace(0.1, 0.2, len(label)), np.array(label)))


def test_without_positives_there_is_no_precision():
    assert math.isnan(average_precision(np.array([1.0, 2.0]), np.zeros(2)))
    assert average_precision(np.zeros(2), np.array([1.0, 2.0])) == 1


def plain_calibration_error(prediction, label, weight):
    """Bin by bin, where a prediction's bin is where the middle of its ties lies."""
    total, bins = weight.sum(), {}
    for value in np.unique(prediction):
        tied = prediction == value
        middle = weight[prediction < value].sum() + weight[tied].sum() / 2
        bins.setdefault(min(int(15 * middle / total), 14), []).append(np.flatnonzero(tied))
    error = 0.0
    for members in bins.values():
        rows = np.concatenate(members)
        error += abs((weight[rows] * (prediction[rows] - label[rows])).sum())
    return error / total


@pytest.mark.parametrize(("seed", "digits"), [(0, 1), (1, 2), (2, 8), (3, 8)])
def test_the_calibration_error_is_that_of_a_loop_over_15_bins_of_equal_weight(seed, digits):
    prediction, label, weight = drawn(400, seed, digits)
    negatives, positives = grouped(prediction, label, weight)
    predicted = np.unique(prediction) * (negatives + positives)
    found = calibration_error(negatives, positives, predicted)
    assert found == pytest.approx(plain_calibration_error(prediction, label, weight), abs=1e-12)
    assert found > 0


def test_bins_hold_equal_weight_and_cut_no_tie_apart():
    assert equal_weights(np.ones(30)).tolist() == sorted([*range(15)] * 2)
    assert equal_weights(np.array([1.0, 13.0, 1.0])).tolist() == [0, 7, 14]
    assert equal_weights(np.array([5.0])).tolist() == [7]
    assert equal_weights(np.zeros(0)).tolist() == []
