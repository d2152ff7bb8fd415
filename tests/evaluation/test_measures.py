"""What is measured of one model, over all rows and without each fold, equals a plain oracle."""

import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from evaluation.measures import RateSums, ValueSums, bounds
from evaluation.rows import FOLDS, summed
from schemas.measurable import METRICS, VALUE_METRICS


def drawn(rows, seed=0):
    random = np.random.default_rng(seed)
    prediction = random.beta(1, 4, rows)
    label = (random.random(rows) < prediction).astype(float)
    return prediction, label, random.random(rows) + 0.1, random.integers(0, FOLDS, rows)


def values(rows, seed=0):
    random = np.random.default_rng(seed)
    label = random.gamma(2, 3, rows)
    return (
        label + random.normal(1, 2, rows),
        label,
        random.random(rows) + 0.1,
        random.integers(0, FOLDS, rows),
    )


def measured(sums, rows, kept=None):
    prediction, label, weight, fold = rows
    sums.add(prediction, label, weight, fold)
    kept = np.ones(FOLDS, bool) if kept is None else kept
    return sums.measure(summed(weight, fold, FOLDS), summed(weight * label, fold, FOLDS), kept)


def rate_oracle(prediction, label, weight):
    mean = {"sample_weight": weight}
    rate = np.average(label, weights=weight)
    loss = sklearn_metrics.log_loss(label, prediction, **mean)
    order = np.argsort(prediction)
    p, y, w = prediction[order], label[order], weight[order]
    bins = np.minimum((15 * (np.cumsum(w) - w / 2) / w.sum()).astype(int), 14)
    apart = [abs((w * (p - y))[bins == one].sum()) for one in range(15)]
    return {
        "auc": sklearn_metrics.roc_auc_score(label, prediction, **mean),
        "pr_auc": sklearn_metrics.average_precision_score(label, prediction, **mean),
        "log_loss": loss,
        "ne": loss / -(rate * math.log(rate) + (1 - rate) * math.log(1 - rate)),
        "calibration": (weight * prediction).sum() / (weight * label).sum(),
        "ece": sum(apart) / w.sum(),
        "mean_label": rate,
        "mean_prediction": np.average(prediction, weights=weight),
    }


def test_few_rows_of_a_rate_are_exact_and_so_are_they_without_each_fold():
    rows = drawn(800)
    found = measured(RateSums(4096), rows)
    assert tuple(found) == METRICS
    for name, value in rate_oracle(*rows[:3]).items():
        assert found[name][0] == pytest.approx(value, rel=1e-9), name
    for fold in range(FOLDS):
        without = rate_oracle(*(column[rows[3] != fold] for column in rows[:3]))
        for name, value in without.items():
            assert found[name][1 + fold] == pytest.approx(value, rel=1e-9), name


def test_many_rows_of_a_rate_without_a_fold_change_by_as_much_as_they_should():
    rows = drawn(60_000)
    found = measured(RateSums(4096), rows)
    whole = rate_oracle(*rows[:3])
    assert found["auc"][0] == pytest.approx(whole["auc"], abs=2e-5)
    assert found["ece"][0] == pytest.approx(whole["ece"], abs=2e-4)
    changes = [rate_oracle(*(c[rows[3] != fold] for c in rows[:3])) for fold in range(FOLDS)]
    for name in ("auc", "pr_auc", "log_loss", "calibration", "ne"):
        spread = np.std([change[name] for change in changes])
        assert np.std(found[name][1:]) == pytest.approx(spread, rel=0.05), name


def test_only_kept_folds_are_left_out():
    kept = np.arange(FOLDS) < 3
    some, every = measured(RateSums(64), drawn(500), kept), measured(RateSums(64), drawn(500))
    none = measured(RateSums(64), drawn(500), np.zeros(FOLDS, bool))
    for name in METRICS:
        np.testing.assert_array_equal(some[name], every[name][:4])
        np.testing.assert_array_equal(none[name], every[name][:1])


def test_values_are_those_of_scikit_learn_and_so_are_they_without_each_fold():
    rows = values(300)
    found = measured(ValueSums(), rows)
    assert tuple(found) == VALUE_METRICS
    for place, kept in enumerate([rows[3] >= 0, *(rows[3] != fold for fold in range(FOLDS))]):
        prediction, label, weight = (column[kept] for column in rows[:3])
        mean = {"sample_weight": weight}
        squared = sklearn_metrics.mean_squared_error(label, prediction, **mean)
        expected = {
            "rmse": math.sqrt(squared),
            "mae": sklearn_metrics.mean_absolute_error(label, prediction, **mean),
            "calibration": (weight * prediction).sum() / (weight * label).sum(),
            "mean_label": np.average(label, weights=weight),
            "mean_prediction": np.average(prediction, weights=weight),
        }
        for name, value in expected.items():
            assert found[name][place] == pytest.approx(value), name


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -0.001, 1.001])
def test_one_prediction_that_is_no_probability_makes_every_figure_nan(bad):
    sums = RateSums(64)
    prediction, label, weight, fold = drawn(50)
    prediction[7] = bad
    found = measured(sums, (prediction, label, weight, fold))
    assert all(np.isnan(values).all() and len(values) == 21 for values in found.values())
    found = measured(sums, drawn(50))  # good rows do not heal it
    assert all(np.isnan(values).all() for values in found.values())
    healthy = RateSums(64)
    healthy.merge(sums)
    assert not healthy.fit


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_one_value_that_is_no_number_makes_every_figure_nan(bad):
    prediction, label, weight, fold = values(50)
    prediction[3] = bad
    found = measured(ValueSums(), (prediction, label, weight, fold))
    assert all(np.isnan(each).all() for each in found.values())


def test_certain_predictions_cost_no_more_than_those_off_by_1e_15():
    rows = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1, 1, 0]), np.ones(4), np.zeros(4, int)
    found = measured(RateSums(64), rows)
    assert found["log_loss"][0] == pytest.approx(-math.log(1e-15) / 2)
    assert found["auc"][0] == 0.5
    assert found["ece"][0] == 0.5
    assert found["calibration"][0] == 1


def test_one_class_leaves_open_what_needs_two():
    prediction = np.array([0.1, 0.2])
    found = measured(RateSums(64), (prediction, np.zeros(2), np.ones(2), np.zeros(2, int)))
    for name in ("auc", "pr_auc", "ne", "calibration"):
        assert math.isnan(found[name][0]), name
    assert found["log_loss"][0] == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2)
    assert found["ece"][0] == pytest.approx(0.15)
    assert found["mean_prediction"][0] == pytest.approx(0.15)


@pytest.mark.parametrize(("sums", "draw"), [(lambda: RateSums(128), drawn), (ValueSums, values)])
def test_merged_sums_are_the_sums_of_all_rows(sums, draw):
    one, other, whole = sums(), sums(), sums()
    rows = draw(3000)
    one.add(*(column[:900] for column in rows))
    other.add(*(column[900:] for column in rows))
    one.merge(other)
    empty = tuple(column[:0] for column in rows)
    expected = measured(whole, rows)
    _, label, weight, fold = rows
    one.add(*empty)
    found = one.measure(
        summed(weight, fold, FOLDS), summed(weight * label, fold, FOLDS), np.ones(FOLDS, bool)
    )
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9)


def test_metrics_end_where_they_cannot_go_on():
    assert bounds("auc", rate=True) == bounds("ndcg@10", rate=True) == (0, 1)
    assert bounds("ne", rate=True) == (0, math.inf)
    assert bounds("rmse", rate=False) == (0, math.inf)
    assert bounds("mean_label", rate=False) == (-math.inf, math.inf)
