import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from models.config import ModelConfig
from models.ranking_model import RankingModel
from models.validation import figures
from schemas.features import Numeric
from schemas.heads import Head
from schemas.layout import make_layout

LAYOUT = make_layout({"age": Numeric(kind="numeric", side="user")})
FUNNEL = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
VALUES = {
    "ctr": Head(label="click"),
    "spend": Head(label="paid", given="ctr", kind="value"),
    "seen": Head(label="seconds", kind="watch_time"),
}
NAN = float("nan")


def model_of(heads, seed=0):
    return RankingModel(LAYOUT, heads, ModelConfig(units=(4,), tower=()), seed=seed)


def rows(count, seed, *columns):
    random = np.random.default_rng(seed)
    click = random.integers(0, 2, count)
    of = {
        "click": click,
        "conversion": click * random.integers(0, 2, count),
        "paid": click * random.gamma(2, 10, count),
        "seconds": random.gamma(2, 30, count),
    }
    labels = np.stack([of[column] for column in columns], 1).astype("float32")
    return {"dense": tf.constant(random.normal(size=(count, 1)), tf.float32)}, labels


def joined(model, batches):
    answers = [model.answers(features) for features, _ in batches]
    found = {n: np.concatenate([answer[n] for answer in answers]) for n in answers[0]}
    return found, np.concatenate([labels for _, labels in batches]).T


def test_each_rate_is_judged_in_its_own_population():
    models = [model_of(FUNNEL, seed) for seed in (0, 1)]
    batches = [rows(50, 0, "click", "conversion"), rows(31, 1, "click", "conversion")]
    for model, found in zip(models, figures(models, FUNNEL, batches), strict=True):
        answers, (click, conversion) = joined(model, batches)
        clicked = click == 1
        assert list(found) == ["ctr", "cvr", "ctcvr"]
        for name, label, counts in (
            ("ctr", click, click >= 0),
            ("cvr", conversion, clicked),
            ("ctcvr", conversion, click >= 0),
        ):
            y, p = label[counts], answers[name][counts].astype(float)
            assert found[name]["auc"] == pytest.approx(roc_auc_score(y, p))
            assert found[name]["pr_auc"] == pytest.approx(average_precision_score(y, p))
            assert found[name]["log_loss"] == pytest.approx(log_loss(y, p))
            assert found[name]["calibration"] == pytest.approx(p.sum() / y.sum())
            assert found[name]["example_count"] == counts.sum()


def test_a_value_is_judged_in_its_unit_where_its_parent_happened_and_a_watch_time_everywhere():
    model = model_of(VALUES)
    model.scales.set("spend", 20.0, 14.0)
    batches = [rows(40, 0, "click", "paid", "seconds"), rows(30, 1, "click", "paid", "seconds")]
    (found,) = figures([model], VALUES, batches)
    answers, (click, paid, seconds) = joined(model, batches)
    for name, label, counts in (("spend", paid, click == 1), ("seen", seconds, click >= 0)):
        errors = answers[name][counts] - label[counts]
        assert found[name]["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-5)
        assert found[name]["mae"] == pytest.approx(np.mean(np.abs(errors)), rel=1e-5)
        assert found[name]["mean_label"] == pytest.approx(label[counts].mean(), rel=1e-5)
        assert found[name]["example_count"] == counts.sum()
    assert set(found["ctr"]) != set(found["spend"])


def test_rows_without_a_label_do_not_count():
    model = model_of(FUNNEL)
    features, labels = rows(40, 0, "click", "conversion")
    missing = labels.copy()
    missing[:10] = NAN
    (found,) = figures([model], FUNNEL, [(features, missing)])
    known = {name: tensor[10:] for name, tensor in features.items()}
    (expected,) = figures([model], FUNNEL, [(known, labels[10:])])
    for name in expected:
        assert found[name] == pytest.approx(expected[name])
    assert found["ctr"]["example_count"] == 30


def test_without_rows_or_with_one_class_there_is_no_auc():
    model = model_of(FUNNEL)
    (empty,) = figures([model], FUNNEL, [])
    assert np.isnan(empty["ctr"]["auc"])
    features, labels = rows(10, 0, "click", "conversion")
    (found,) = figures([model], FUNNEL, [(features, np.zeros_like(labels))])
    assert np.isnan(found["ctr"]["auc"])
    assert (found["cvr"]["example_count"], found["ctr"]["example_count"]) == (0, 10)


def test_no_dropout_and_no_position_is_in_what_is_judged():
    config = ModelConfig(units=(32,), tower=(), dropout=0.5)
    model = RankingModel(LAYOUT, FUNNEL, config, seed=0)
    batches = [rows(50, 0, "click", "conversion")]
    assert figures([model], FUNNEL, batches) == figures([model], FUNNEL, batches)


def test_more_rows_than_are_kept_one_by_one_are_judged_nearly_as_exactly():
    model = model_of(FUNNEL)
    batches = [rows(3000, seed, "click", "conversion") for seed in range(3)]
    (found,) = figures([model], FUNNEL, batches)
    answers, (click, _) = joined(model, batches)
    assert found["ctr"]["auc"] == pytest.approx(roc_auc_score(click, answers["ctr"]), abs=1e-3)
    assert found["ctr"]["example_count"] == 9000


def test_masked_rows_do_not_count_and_others_by_the_weight_of_the_head():
    heads = {
        "ctr": Head(label="click"),
        "cvr": Head(label="conversion", given="ctr", mask="asked", weight="amount"),
    }
    model = model_of(heads)
    features, labels = rows(200, 0, "click", "conversion")
    random = np.random.default_rng(5)
    asked = random.integers(0, 2, 200)
    amount = random.integers(0, 3, 200).astype(float)
    amount[0] = NAN
    columns = np.stack([*labels.T, asked, amount], 1).astype("float32")
    (found,) = figures([model], heads, [(features, columns)])
    answers = {
        name: answer.numpy().astype(float) for name, answer in model.answers(features).items()
    }
    click, conversion = labels.T
    known = (asked == 1) & (amount > 0)
    for name, label, counts, weight in (
        ("ctr", click, click >= 0, np.ones(200)),
        ("cvr", conversion, known & (click == 1), amount),
        ("ctcvr", conversion, known, amount),
    ):
        y, p, w = label[counts], answers[name][counts], weight[counts]
        assert found[name]["auc"] == pytest.approx(roc_auc_score(y, p, sample_weight=w)), name
        assert found[name]["log_loss"] == pytest.approx(log_loss(y, p, sample_weight=w)), name
        assert found[name]["mean_label"] == pytest.approx(np.average(y, weights=w)), name
        assert found[name]["example_count"] == counts.sum(), name


def test_a_model_that_has_diverged_has_no_figures():
    model = model_of(FUNNEL)
    features, labels = rows(20, 0, "click", "conversion")
    features["dense"] = tf.fill([20, 1], NAN)
    (found,) = figures([model], FUNNEL, [(features, labels)])
    assert all(np.isnan(found["ctr"][name]) for name in ("auc", "log_loss", "mean_prediction"))
    assert found["ctr"]["example_count"] == 20
