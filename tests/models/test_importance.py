import math

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score, root_mean_squared_error

from models.config import ModelConfig
from models.importance import auc_lost, importance, rmse_added
from models.ranking_model import RankingModel
from schemas.features import Categorical, Numeric, Sequence
from schemas.heads import Head
from schemas.layout import make_layout

LAYOUT = make_layout(
    {
        "used": Numeric(kind="numeric", side="user"),
        "ignored": Numeric(kind="numeric", side="user"),
        "city": Categorical(kind="categorical", side="user", hash=9, width=1),
        "items": Sequence(kind="sequence", side="user", shares="city", max_length=3),
        "place": Categorical(kind="categorical", side="position", hash=4, width=1),
    }
)
FUNNEL = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}


def model_of(heads, **weights):
    """Returns a model whose towers all answer the weighted sum of some of its inputs.

    They are the city's vector, the items' mean vector and the two numbers, in this order; the
    vector of row r of the table is r.
    """
    config = ModelConfig(trunk="shared_bottom", objective="independent", units=(2,), tower=())
    model = RankingModel(LAYOUT, heads, config, seed=0)
    model.tables[0].assign(np.arange(10.0)[:, None])
    kernel = np.zeros((4, 2))
    kernel[:, 0] = [weights.get(name, 0) for name in ("city", "items", "used", "ignored")]
    kernel[:, 1] = -kernel[:, 0]  # what the rectifier takes of one unit the other has
    (hidden,) = (v for v in model.trunk.trainable_variables if v.shape == (4, 2))
    hidden.assign(kernel)
    for tower in model.towers.values():
        out, bias = tower.trainable_variables
        out.assign([[1], [-1]])
        bias.assign([-1])
    return model


def rows_of(count, seed):
    """Returns rows whose clicks follow `used`, and whose conversions follow the city."""
    random = np.random.default_rng(seed)
    used, ignored = random.normal(size=(2, count))
    city = random.integers(0, 10, count)
    click = random.random(count) < 1 / (1 + np.exp(1 - used))
    conversion = click & (random.random(count) < city / 12)
    features = {
        "dense": np.stack([used, ignored], 1).astype("float32"),
        "ids_1": city[:, None],
        "sequence_items": random.integers(0, 10, (count, 3)),
        "position_ids_1": random.integers(0, 5, (count, 1)),
    }
    return features, np.stack([click, conversion], 1).astype("float32")


def test_a_feature_that_the_model_ignores_is_worth_exactly_nothing():
    found = importance(model_of(FUNNEL, used=1), FUNNEL, rows_of(5000, 0), seed=0)
    assert list(found) == ["ctr", "cvr", "ctcvr"]
    for of_output in found.values():
        assert list(of_output) == ["city", "used", "ignored", "items"]  # not the place
        for name in ("city", "ignored", "items"):
            assert of_output[name] == {"drop": 0, "error": 0}
        assert of_output["used"]["error"] > 0


def test_without_the_one_feature_it_uses_a_model_guesses():
    """The drop is the AUC less a half, within four errors, whichever way rows change places."""
    rows = rows_of(5000, 0)
    model = model_of(FUNNEL, used=1)
    auc = roc_auc_score(rows[1][:, 0], rows[0]["dense"][:, 0])
    assert auc > 0.7
    drops = []
    for seed in range(5):
        of_used = importance(model, FUNNEL, rows, seed)["ctr"]["used"]
        assert abs(auc - of_used["drop"] - 0.5) < 4 * of_used["error"] < 0.05
        drops.append(of_used["drop"])
    assert len(set(drops)) == 5
    assert importance(model, FUNNEL, rows, seed=4)["ctr"]["used"]["drop"] == drops[-1]


def test_a_feature_s_slots_move_together_and_no_others_do():
    """What is left is what a permutation by hand, of the same rows, leaves."""
    features, labels = rows_of(3000, 1)
    for name, tensor, column in (
        ("city", "ids_1", 0),
        ("used", "dense", 0),
        ("items", "sequence_items", slice(None)),
    ):
        model = model_of(FUNNEL, city=1, items=1, used=1)
        found = importance(model, FUNNEL, (features, labels), seed=3)["ctr"][name]
        random = np.random.default_rng(3)
        for _ in range(1 + list(LAYOUT.places()).index(name)):
            order = random.permutation(3000)
        dealt = features[tensor].copy()
        dealt[:, column] = features[tensor][order][:, column]
        before, after = (
            roc_auc_score(labels[:, 0], model.answers(packed)["ctr"].numpy())
            for packed in (as_tensors(features), as_tensors({**features, tensor: dealt}))
        )
        assert found["drop"] == pytest.approx(before - after, abs=1e-6)


def as_tensors(packed):
    return {name: tf.constant(values) for name, values in packed.items()}


def test_each_output_is_judged_in_its_own_population():
    """A city that decides conversions, and no clicks, is worth something for cvr alone."""
    features, labels = rows_of(20_000, 2)
    model = model_of(FUNNEL, city=1)
    found = importance(model, FUNNEL, (features, labels), seed=0)
    clicked = labels[:, 0] == 1
    city = features["ids_1"][:, 0]
    auc = roc_auc_score(labels[clicked, 1], city[clicked])
    of_city = found["cvr"]["city"]
    assert auc > 0.7
    assert abs(auc - of_city["drop"] - 0.5) < 4 * of_city["error"] < 0.05
    assert abs(found["ctr"]["city"]["drop"]) < 4 * found["ctr"]["city"]["error"]


def test_rows_in_another_order_tell_the_same_within_the_error():
    features, labels = rows_of(5000, 3)
    model = model_of(FUNNEL, used=1, city=0.1)
    order = np.random.default_rng(0).permutation(5000)
    other = {name: values[order] for name, values in features.items()}
    one = importance(model, FUNNEL, (features, labels), seed=0)
    two = importance(model, FUNNEL, (other, labels[order]), seed=0)
    for name in ("used", "city", "items"):
        for output in FUNNEL:
            gap = one[output][name]["drop"] - two[output][name]["drop"]
            assert abs(gap) <= 3 * math.hypot(
                one[output][name]["error"], two[output][name]["error"]
            )


def test_of_a_value_the_error_that_is_added_counts():
    heads = {"spend": Head(label="paid", kind="value")}
    features, _ = rows_of(5000, 4)
    paid = features["dense"][:, :1] - 1 + np.random.default_rng(0).normal(0, 0.1, (5000, 1))
    found = importance(model_of(heads, used=1), heads, (features, paid.astype("float32")), seed=0)
    # Off by sqrt(2) deviations of `used`, less the 0.1 that it was off before.
    of_used = found["spend"]["used"]
    assert abs(of_used["drop"] - (math.sqrt(2) - 0.1)) < 4 * of_used["error"] < 0.15
    assert found["spend"]["ignored"] == {"drop": 0, "error": 0}


def test_where_no_row_has_the_event_there_is_nothing_to_lose():
    features, labels = rows_of(50, 5)
    found = importance(model_of(FUNNEL, used=1), FUNNEL, (features, 0 * labels), seed=0)
    assert found["ctr"]["used"] == found["cvr"]["used"] == {"drop": None, "error": None}


@pytest.mark.parametrize("weight", [0, 1])
def test_nineteen_in_twenty_drops_are_within_two_errors_of_the_true_one(weight):
    """Of predictions by a feature that is dealt anew, and one that stays with `weight`."""
    drops, errors = [], []
    for seed in range(400):
        random = np.random.default_rng(seed)
        used, kept = random.normal(size=(2, 800))
        label = (random.random(800) < 1 / (1 + np.exp(2 - used - weight * kept))).astype(float)
        stays = weight * kept
        dealt = random.permutation(used) + stays
        drop, error = auc_lost(label, used + stays, dealt, np.ones(800))
        drops.append(drop)
        errors.append(error)
    off = np.abs(np.array(drops) - np.mean(drops)) / np.array(errors)
    assert 0.92 < (off < 1.96).mean() < 0.98


def error_of_deleting(figure, count):
    """Returns the jackknife's standard error of a figure of some of `count` rows."""
    without = np.array([figure(np.arange(count) != row) for row in range(count)])
    return math.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum())


@pytest.mark.parametrize("weighted", [False, True])
def test_the_auc_lost_is_the_difference_of_sklearn_s_and_its_error_that_of_deleting_rows(weighted):
    random = np.random.default_rng(0)
    label = (random.random(300) < 0.3).astype(float)
    before = np.round(label + random.normal(size=300), 1)  # with ties
    after = np.round(0.5 * label + random.normal(size=300), 1)
    weight = random.integers(1, 4, 300) * 0.5 if weighted else np.ones(300)

    def lost(kept):
        of = {"y_true": label[kept], "sample_weight": weight[kept]}
        return roc_auc_score(y_score=before[kept], **of) - roc_auc_score(y_score=after[kept], **of)

    drop, error = auc_lost(label, before, after, weight)
    assert drop == pytest.approx(lost(label >= 0))
    assert error == pytest.approx(error_of_deleting(lost, 300), rel=0.02)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_rmse_added_is_the_difference_and_its_error_that_of_deleting_rows(weighted):
    random = np.random.default_rng(1)
    label, one, other = random.normal(size=(3, 300))
    before, after = label + 0.5 * one, label + other
    weight = random.integers(1, 4, 300) * 0.5 if weighted else np.ones(300)

    def added(kept):
        large, small = (
            root_mean_squared_error(label[kept], of[kept], sample_weight=weight[kept])
            for of in (after, before)
        )
        return large - small

    rise, error = rmse_added(label, before, after, weight)
    assert rise == pytest.approx(added(label == label))
    assert error == pytest.approx(error_of_deleting(added, 300), rel=0.02)


@pytest.mark.parametrize("label", [[], [1.0], [0.0, 0.0]])
def test_an_auc_needs_both_classes(label):
    ones = np.ones(len(label))
    assert all(map(math.isnan, auc_lost(np.array(label), ones, ones, ones)))


def test_one_positive_row_has_an_auc_and_no_error():
    label, before, after = np.array([1.0, 0, 0]), np.array([3.0, 2, 1]), np.array([1.0, 2, 3])
    drop, error = auc_lost(label, before, after, np.ones(3))
    assert drop == 1.0 and math.isnan(error)


def test_a_value_without_rows_or_errors_has_no_error():
    none, two = np.zeros(0), np.ones(2)
    assert all(map(math.isnan, rmse_added(none, none, none, none)))
    exact, off = np.array([1.0, 2.0]), np.array([2.0, 1.0])
    rise, error = rmse_added(exact, exact, off, two)
    assert rise == 1.0 and math.isnan(error)
