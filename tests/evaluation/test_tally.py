"""A tally of many rows tells what scikit-learn tells, how sure that is, and never lies for NaN."""

import math
import pickle

import numpy as np
import pytest
from scipy import special
from sklearn import metrics as sklearn_metrics

from evaluation.areas import auc
from evaluation.figures import OutputFigures
from evaluation.rows import FOLDS, Rows
from evaluation.tally import OutputTally
from schemas.measurable import METRICS, VALUE_METRICS

MODELS = ("candidate", "baseline")


def drawn(rows, users=None, seed=0, weighted=False):
    random = np.random.default_rng(seed)
    user = random.integers(0, users or rows // 8, rows)
    log_odds = random.normal(-2.5, 1.2, rows)
    label = (random.random(rows) < special.expit(log_odds)).astype(float)
    weight = random.integers(0, 4, rows).astype(float) if weighted else np.ones(rows)
    predictions = {
        "candidate": special.expit(log_odds + random.normal(0, 0.2, rows)),
        "baseline": special.expit(log_odds + random.normal(0, 0.6, rows)),
    }
    return Rows(label, weight, predictions, user % FOLDS, user, user * 5 + rows % 5)


def tallied(rows, parts=1, kind="rate", at=(10,)):
    """Rows by users in so many parts."""
    tally = OutputTally(kind, tuple(rows.predictions), at)
    for part in range(parts):
        tally.add(rows.where(rows.fold % parts == part))
    return tally


def close(one: OutputFigures, other: OutputFigures, rel=1e-9):
    """Whether two hold the same figures."""
    for ours, theirs in ((one.models, other.models), (one.differences, other.differences)):
        assert list(ours) == list(theirs)
        for model in ours:
            assert list(ours[model]) == list(theirs[model])
            for metric, found in ours[model].items():
                assert found.model_dump() == pytest.approx(
                    theirs[model][metric].model_dump(), rel=rel, abs=1e-12, nan_ok=True
                ), (model, metric)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_million_rows_agree_with_scikit_learn(weighted):
    rows = drawn(1_000_000, weighted=weighted)
    rows = Rows(rows.label, rows.weight, rows.predictions, rows.fold)
    mean = {"sample_weight": rows.weight}
    for model, found in tallied(rows, parts=4).values().items():
        prediction = rows.predictions[model]
        exact = sklearn_metrics.roc_auc_score(rows.label, prediction, **mean)
        assert found["auc"] == pytest.approx(exact, abs=2e-6)
        precision = sklearn_metrics.average_precision_score(rows.label, prediction, **mean)
        assert found["pr_auc"] == pytest.approx(precision, abs=5e-4)
        loss = sklearn_metrics.log_loss(rows.label, prediction, **mean)
        assert found["log_loss"] == pytest.approx(loss, rel=1e-9)


def test_few_rows_are_exact_with_all_that_is_known_of_them():
    rows = drawn(900, weighted=True)
    told = tallied(rows).summary(curves=True, masked=7)
    counts = rows.weight > 0
    assert (told.rows, told.masked) == (counts.sum(), 7)
    assert told.positives == rows.label[counts].sum()
    assert told.weight == rows.weight.sum()
    assert list(told.models) == list(MODELS) and list(told.differences) == ["baseline"]
    assert set(told.curves) == set(MODELS)
    for model, found in told.models.items():
        assert tuple(found) == (*METRICS, "gauc", "session_auc", "ndcg@10")
        assert found["auc"].value == pytest.approx(
            sklearn_metrics.roc_auc_score(
                rows.label, rows.predictions[model], sample_weight=rows.weight
            )
        )
    assert set(told.groups) == set(told.skipped) == {"gauc", "session_auc", "ndcg@10"}


def test_errors_are_those_of_leaving_each_fold_of_users_out():
    rows = drawn(3000)
    told = tallied(rows).summary(curves=False)
    aucs = {
        model: np.array(
            [
                auc(prediction[rows.fold != fold], rows.label[rows.fold != fold])
                for fold in range(FOLDS)
            ]
        )
        for model, prediction in rows.predictions.items()
    }
    apart = {**aucs, "difference": aucs["candidate"] - aucs["baseline"]}
    found = {model: told.models[model]["auc"] for model in MODELS}
    found["difference"] = told.differences["baseline"]["auc"]
    for name, without in apart.items():
        error = math.sqrt((FOLDS - 1) * without.var())
        assert found[name].error == pytest.approx(error), name
        assert found[name].freedom == FOLDS - 1
        assert found[name].high - found[name].value == pytest.approx(2.093024 * error), name
    assert found["difference"].value == pytest.approx(
        found["candidate"].value - found["baseline"].value
    )
    # Paired: on the same rows two models err alike.
    assert found["difference"].error < 0.7 * found["candidate"].error


def test_of_millions_of_rows_the_error_of_a_difference_is_as_good_as_exact():
    rows = drawn(200_000)
    rows = Rows(rows.label, rows.weight, rows.predictions, rows.fold)
    found = tallied(rows).summary(curves=False).differences["baseline"]["auc"]
    without = [
        np.subtract(*(auc(rows.predictions[m][kept], rows.label[kept]) for m in MODELS))
        for kept in (rows.fold != fold for fold in range(FOLDS))
    ]
    assert found.error == pytest.approx(math.sqrt((FOLDS - 1) * np.var(without)), rel=0.1)


@pytest.mark.parametrize("rows", [300, 5000, 20_000])
@pytest.mark.parametrize("merged", [False, True])
def test_it_does_not_matter_how_users_were_spread_over_parts(rows, merged):
    rows = drawn(rows, weighted=True)
    whole = tallied(rows)
    parts = tallied(rows, parts=7)
    if merged:
        parts = OutputTally("rate", MODELS, (10,))
        for part in range(7):
            other = OutputTally("rate", MODELS, (10,))
            other.add(rows.where(rows.fold % 7 == part))
            parts.merge(pickle.loads(pickle.dumps(other)))
    one, other = parts.summary(curves=True), whole.summary(curves=True)
    close(one, other)
    assert (one.rows, one.positives, one.groups) == (other.rows, other.positives, other.groups)
    for model in MODELS:
        ours, theirs = one.curves[model], other.curves[model]
        np.testing.assert_allclose(ours.roc, theirs.roc, atol=2e-6)
        np.testing.assert_allclose(ours.positives, theirs.positives)
        assert len(ours.reliability) == len(theirs.reliability)


def test_weights_are_repetitions():
    rows = drawn(600, weighted=True)
    again = np.repeat(np.arange(600), rows.weight.astype(int))
    repeated = Rows(
        rows.label[again],
        np.ones(len(again)),
        {model: prediction[again] for model, prediction in rows.predictions.items()},
        rows.fold[again],
        rows.user[again],
    )
    rows = Rows(rows.label, rows.weight, rows.predictions, rows.fold, rows.user)
    one, other = (tallied(each).summary(curves=False) for each in (rows, repeated))
    close(one, other)
    assert one.rows == np.count_nonzero(rows.weight) and other.rows == len(again)


def test_rows_of_weight_0_do_not_count_whatever_is_foreseen_of_them():
    rows = drawn(400)
    bad = dict(rows.predictions)
    bad["candidate"] = np.where(rows.fold == 3, math.nan, bad["candidate"])
    weight = np.where(rows.fold == 3, 0.0, 1.0)
    silent = Rows(rows.label, weight, bad, rows.fold, rows.user, rows.request)
    close(
        tallied(silent).summary(curves=False),
        tallied(rows.where(rows.fold != 3)).summary(curves=False),
    )


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -0.1, 1.5])
@pytest.mark.parametrize("rows", [300, 5000])
def test_a_model_that_answers_no_probability_has_no_figures_and_others_keep_theirs(rows, bad):
    rows = drawn(rows)
    broken = {**rows.predictions, "candidate": rows.predictions["candidate"].copy()}
    broken["candidate"][17] = bad
    rows = Rows(rows.label, rows.weight, broken, rows.fold, rows.user, rows.request)
    told = tallied(rows, parts=3).summary(curves=True)
    for metric, found in told.models["candidate"].items():
        assert math.isnan(found.value) and found.error is None, metric
        assert math.isnan(told.differences["baseline"][metric].value), metric
    assert set(told.curves) == {"baseline"}
    alone = Rows(
        rows.label,
        rows.weight,
        {"baseline": broken["baseline"]},
        rows.fold,
        rows.user,
        rows.request,
    )
    healthy = tallied(alone, parts=3).summary(curves=False).models["baseline"]
    for metric, found in told.models["baseline"].items():
        assert found == healthy[metric], metric


def test_all_ties_are_a_half_without_doubt():
    rows = drawn(500)
    constant = Rows(rows.label, rows.weight, {"candidate": np.full(500, 0.3)}, rows.fold, rows.user)
    found = tallied(constant).summary(curves=False).models["candidate"]
    for metric in ("auc", "gauc"):
        assert (found[metric].value, found[metric].error) == (0.5, 0)


def test_no_rows_have_no_figures():
    told = OutputTally("rate", MODELS).summary(curves=True, masked=3)
    assert (told.rows, told.positives, told.weight, told.masked) == (0, 0, 0, 3)
    for found in told.models.values():
        assert tuple(found) == METRICS
        assert all(math.isnan(figure.value) and figure.low is None for figure in found.values())
    assert told.curves == {}
    values = OutputTally("value", MODELS).summary(curves=True)
    assert all(math.isnan(each.value) for each in values.models["candidate"].values())


def test_one_class_has_figures_but_no_auc():
    rows = drawn(400)
    told = tallied(rows.where(rows.label == 0)).summary(curves=True)
    found = told.models["candidate"]
    for metric in ("auc", "pr_auc", "ne", "calibration", "gauc", "session_auc", "ndcg@10"):
        assert math.isnan(found[metric].value), metric
    assert 0 < found["log_loss"].value < 1
    assert found["log_loss"].error is None  # nothing is known of the other class
    assert told.groups["gauc"] == 0 and told.skipped["gauc"] > 0


def test_positives_in_fewer_than_five_folds_give_no_interval_and_freedom_follows_the_rarer_class():
    rows = drawn(2000)
    for folds in (4, 5, 12):
        label = np.where(rows.fold < folds, rows.label, 0.0)
        some = Rows(label, rows.weight, rows.predictions, rows.fold, rows.user)
        found = tallied(some).summary(curves=False).models["candidate"]
        assert found["auc"].freedom == (None if folds == 4 else folds - 1)
        assert found["auc"].value == pytest.approx(auc(rows.predictions["candidate"], label))


def test_values_are_told_with_intervals_and_no_curves():
    random = np.random.default_rng(0)
    label = random.gamma(2, 3, 800)
    fold = random.integers(0, FOLDS, 800)
    predictions = {
        "candidate": label + random.normal(0, 1, 800),
        "baseline": label + random.normal(1, 2, 800),
    }
    rows = Rows(label, np.ones(800), predictions, fold, fold, fold)
    told = tallied(rows, parts=5, kind="watch_time").summary(curves=True)
    assert told.curves == {} and told.groups == {}
    assert told.positives == 800
    for model, prediction in predictions.items():
        assert tuple(told.models[model]) == VALUE_METRICS
        rmse = told.models[model]["rmse"]
        expected = math.sqrt(sklearn_metrics.mean_squared_error(label, prediction))
        assert rmse.value == pytest.approx(expected)
        assert rmse.low < expected < rmse.high
        assert rmse.freedom == 19
    assert told.differences["baseline"]["rmse"].high < 0


def test_float32_predictions_are_as_good():
    rows = drawn(500)
    narrow = {model: each.astype(np.float32) for model, each in rows.predictions.items()}
    wide = {model: each.astype(np.float64) for model, each in narrow.items()}
    one, other = (
        tallied(Rows(rows.label, rows.weight, each, rows.fold, rows.user)).summary(curves=False)
        for each in (narrow, wide)
    )
    close(one, other)


def test_rows_of_other_models_are_refused():
    rows = drawn(10, users=3)
    with pytest.raises(ValueError, match=r"of the models candidate\. Received: candidate, base"):
        OutputTally("rate", ("candidate",)).add(rows)


def test_a_number_is_no_label_of_a_rate():
    rows = Rows(np.array([0.0, 2.0]), np.ones(2), {"candidate": np.ones(2) / 2}, np.zeros(2, int))
    with pytest.raises(ValueError, match=r"is 0 or 1\. Received: 0 to 2\. Give .* `kind: value`"):
        OutputTally("rate", ("candidate",)).add(rows)


def test_a_small_tally_is_small_and_a_large_one_bounded():
    small, large = tallied(drawn(100)), tallied(drawn(300_000), parts=20)
    assert len(pickle.dumps(small)) < 15_000
    assert len(pickle.dumps(large)) < len(MODELS) * 328_000 + 20_000


def clustered(random, users=300):
    """Rows of users of whom some click often and some look often: what a user does is alike."""
    rows = np.minimum(random.geometric(0.1, users), 60)
    user = np.repeat(np.arange(users), rows)
    taste, luck = random.normal(0, 1.0, (2, users))
    score = random.normal(0, 1, len(user)) + taste[user]
    label = random.random(len(user)) < special.expit(score - 1 + 2 * luck[user])
    predictions = {
        "candidate": special.expit(score),
        "baseline": special.expit(score + random.normal(0, 0.7, len(user))),
    }
    return user, label.astype(float), predictions


def test_95_percent_intervals_hold_the_truth_and_would_not_if_rows_were_independent():
    random = np.random.default_rng(0)
    _, label, predictions = clustered(random, users=200_000)
    truth, other = (auc(predictions[model], label) for model in MODELS)
    held = {"users": 0, "rows": 0, "difference": 0}
    runs = 200
    for _ in range(runs):
        user, label, predictions = clustered(random)
        hashed = random.permutation(300) % FOLDS
        folds = {"users": hashed[user], "rows": random.integers(0, FOLDS, len(user))}
        for name, fold in folds.items():
            told = tallied(Rows(label, np.ones(len(label)), predictions, fold)).summary(False)
            found = told.models["candidate"]["auc"]
            held[name] += found.low <= truth <= found.high
            if name == "users":
                found = told.differences["baseline"]["auc"]
                held["difference"] += found.low <= truth - other <= found.high
    assert 0.90 <= held["users"] / runs <= 0.99
    assert 0.90 <= held["difference"] / runs <= 0.99
    assert held["rows"] / runs < 0.80
