import dataclasses
import json
import logging

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score

from models.calibration import Calibration, fit_calibration
from models.config import ModelConfig
from models.ranking_model import RankingModel
from models.signatures import ServingModel
from schemas.features import Numeric
from schemas.heads import Head
from schemas.layout import make_layout

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
LAYOUT = make_layout(
    {name: Numeric(kind="numeric", side="item") for name in ("price", "age", "stock")}
)
KINDS = ("platt", "isotonic")


def make(kind, heads=HEADS, **options):
    """A model with random weights whose logits have the mean -1 and the deviation 1."""
    config = ModelConfig(trunk="separate", units=(8,), tower=(), calibration=kind)
    model = RankingModel(LAYOUT, heads, config, seed=3, **options)
    dense = np.random.default_rng(0).normal(size=(2000, 3)).astype("float32")
    logits = model.tower_logits({"dense": tf.constant(dense)})
    for name, tower in model.towers.items():
        kernel, bias = tower.trainable_variables
        mean, deviation = (float(f(logits[name])) for f in (np.mean, np.std))
        kernel.assign(kernel / deviation)
        bias.assign([-1.0 - mean / deviation])
    return model


def rate(logit):
    return 1 / (1 + np.exp(-logit))


def world(model, rows, seed):
    """Features, labels, and the true ctr and cvr: not those that the model answers."""
    random = np.random.default_rng(seed)
    features = {"dense": tf.constant(random.normal(size=(rows, 3)), tf.float32)}
    logits = {name: logit.numpy() for name, logit in model.tower_logits(features).items()}
    ctr, cvr = rate(0.5 * logits["ctr"] - 0.5), rate(1.5 * logits["cvr"] + 2.0)
    click = random.random(rows) < ctr
    conversion = click & (random.random(rows) < cvr)
    return features, np.stack([click, conversion], 1).astype("float32"), ctr, cvr


def batches(features, labels, size=10_000):
    return tf.data.Dataset.from_tensor_slices((features, labels)).batch(size)


def answers(model, features):
    return {name: p.numpy() for name, p in model.probabilities(model(features)).items()}


def test_nothing_changes_before_it_is_fitted():
    plain = make("none")
    features, *_ = world(plain, 100, seed=0)
    for kind in KINDS:
        model = make(kind)
        for name, logit in plain(features).items():
            np.testing.assert_array_equal(model(features)[name], logit)


def test_without_calibration_there_is_nothing_to_fit():
    model = make("none")
    features, labels, *_ = world(model, 100, seed=0)
    assert fit_calibration(model, batches(features, labels)) == {}
    assert model.calibration.variables == ()


def test_it_is_no_part_of_what_training_moves():
    for kind in KINDS:
        trained, fitted = make(kind).trainable_variables, make(kind).calibration.variables
        assert len(fitted) == 4
        assert {id(variable) for variable in fitted}.isdisjoint(map(id, trained))


@pytest.mark.parametrize("kind", KINDS)
def test_a_distorted_model_answers_the_rates_of_the_world_afterwards(kind):
    model = make(kind)
    features, labels, *_ = world(model, 60_000, seed=0)
    fit_calibration(model, batches(features, labels))
    fresh, _, ctr, cvr = world(model, 20_000, seed=1)
    before, after = answers(make("none"), fresh), answers(model, fresh)
    for name, truth in {"ctr": ctr, "cvr": cvr, "ctcvr": ctr * cvr}.items():
        assert after[name].mean() / truth.mean() == pytest.approx(1, abs=0.03), name
        worst = [
            max(
                abs(found[name][rows].mean() / truth[rows].mean() - 1)
                for rows in np.array_split(np.argsort(truth), 10)
            )
            for found in (before, after)
        ]
        assert worst[1] < 0.12 < 0.3 < worst[0], name
    np.testing.assert_allclose(after["ctcvr"], after["ctr"] * after["cvr"], rtol=1e-5)
    assert (after["ctcvr"] <= after["ctr"]).all()


def test_cvr_is_fitted_where_there_was_a_click():
    model = make("platt")
    features, labels, *_ = world(model, 60_000, seed=0)
    fitted = fit_calibration(model, batches(features, labels))
    clicks, conversions = labels.sum(0)
    assert (fitted["ctr"].rows, fitted["ctr"].positives) == (60_000, clicks)
    assert (fitted["cvr"].rows, fitted["cvr"].positives) == (clicks, conversions)
    platt = model.calibration.calibrators["cvr"]
    np.testing.assert_allclose([platt.scale, platt.shift], [1.5, 2.0], atol=0.08)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_rows_stays(kind):
    model = make(kind)
    features, labels, *_ = world(model, 5_000, seed=0)
    before = model(features)
    fit_calibration(model, batches(features, labels))
    for name, logit in model(features).items():
        ranked = [roc_auc_score(labels[:, 0], found) for found in (before[name], logit)]
        assert ranked[1] == pytest.approx(ranked[0], abs=1e-5)


@pytest.mark.parametrize(("kind", "share"), [("platt", 0.5), ("isotonic", 0.1)])
def test_down_sampling_is_corrected_after_calibration(kind, share):
    model = make(kind, unclicked=share)
    features, labels, *_ = world(model, 100_000, seed=0)
    random = np.random.default_rng(2)
    kept = (labels[:, 0] == 1) | (random.random(len(labels)) < share)
    sample = {name: tensor.numpy()[kept] for name, tensor in features.items()}
    fit_calibration(model, batches(sample, labels[kept]))
    fresh, _, ctr, cvr = world(model, 20_000, seed=1)
    after = answers(model, fresh)
    assert after["ctr"].mean() / ctr.mean() == pytest.approx(1, abs=0.03)
    assert after["ctcvr"].mean() / (ctr * cvr).mean() == pytest.approx(1, abs=0.03)


def test_the_report_says_what_it_was_and_what_it_is():
    model = make("platt")
    features, labels, *_ = world(model, 20_000, seed=0)
    before = answers(model, features)["ctr"].astype(np.float64)
    fitted = fit_calibration(model, batches(features, labels))["ctr"]
    after = answers(model, features)["ctr"].astype(np.float64)
    click = labels[:, 0]
    for number, p in enumerate((before, after)):
        nats = -np.where(click == 1, np.log(p), np.log1p(-p))
        assert fitted.log_loss[number] == pytest.approx(nats.mean(), rel=1e-4)
        assert fitted.calibration[number] == pytest.approx(p.sum() / click.sum(), rel=1e-4)
    assert fitted.kind == "platt"
    assert fitted.log_loss[1] < fitted.log_loss[0]
    assert fitted.calibration[1] == pytest.approx(1, abs=1e-3)
    json.dumps(dataclasses.asdict(fitted), allow_nan=False)


@pytest.mark.parametrize("conversions", [0, 9, 191])
def test_a_head_with_fewer_than_ten_of_a_label_stays_as_it_is(conversions, caplog):
    model = make("isotonic")
    features, labels, *_ = world(model, 2_000, seed=0)
    labels[:] = 0
    labels[:200, 0] = 1
    labels[:conversions, 1] = 1
    before = model(features)["cvr"]
    with caplog.at_level(logging.WARNING):
        fitted = fit_calibration(model, batches(features, labels))
    np.testing.assert_array_equal(model(features)["cvr"], before)
    assert (fitted["ctr"].kind, fitted["cvr"].kind) == ("isotonic", "none")
    assert (fitted["cvr"].rows, fitted["cvr"].positives) == (200, conversions)
    assert (fitted["cvr"].calibration is None) == (conversions == 0)
    assert [
        record.getMessage() for record in caplog.records if record.name.startswith("models")
    ] == [
        "cvr is not calibrated: it takes 10 rows of either label, and of the held-back rows "
        f"{conversions} are positive and {200 - conversions} negative"
    ]


def test_no_rows_at_all_are_said_to_be_none():
    model = make("platt")
    fitted = fit_calibration(model, [])
    assert {name: (each.kind, each.rows, each.log_loss) for name, each in fitted.items()} == {
        "ctr": ("none", 0, None), "cvr": ("none", 0, None),
    }  # fmt: skip


def test_unknown_labels_masks_and_weights_count_as_in_training():
    heads = {"ctr": Head(label="click", mask="seen", weight="times")}
    model = make("platt", heads)
    features, two, *_ = world(make("platt"), 30_000, seed=0)
    random = np.random.default_rng(0)
    seen, click = random.integers(0, 2, 30_000), two[:, 0]
    click[:50] = np.nan
    times = np.where(click == 1, 2.0, 1.0)
    labels = np.stack([click, seen, times], 1).astype("float32")
    counted = (seen == 1) & ~np.isnan(click)
    fitted = fit_calibration(model, batches(features, labels))["ctr"]
    assert fitted.rows == counted.sum()
    odds = 2 * click[counted].sum() / (1 - click[counted]).sum()  # a click counts twice
    mean = np.average(answers(model, features)["ctr"][counted], weights=times[counted])
    assert mean == pytest.approx(odds / (1 + odds), rel=1e-3)


def test_a_head_that_is_no_rate_passes_through():
    heads = {**HEADS, "revenue": Head(label="revenue", kind="value", given="cvr")}
    model = make("isotonic", heads)
    features, labels, *_ = world(make("isotonic"), 3_000, seed=0)
    before = model(features)["revenue"]
    fitted = fit_calibration(
        model, batches(features, np.concatenate([labels, 7 * labels[:, 1:]], axis=1))
    )
    assert set(fitted) == {"ctr", "cvr"}
    np.testing.assert_array_equal(model(features)["revenue"], before)


def test_a_call_of_the_module_leaves_unknown_heads_alone():
    calibration = Calibration("platt", ["ctr"])
    calibration.calibrators["ctr"].scale.assign(2.0)
    logits = {"ctr": tf.constant([1.0, -3.0]), "value": tf.constant([5.0, 6.0])}
    found = calibration(logits)
    assert list(found) == ["ctr", "value"]
    np.testing.assert_array_equal(found["ctr"], [2.0, -6.0])
    np.testing.assert_array_equal(found["value"], [5.0, 6.0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_brings_a_fitted_calibration_back(kind, tmp_path):
    model = make(kind)
    features, labels, *_ = world(model, 5_000, seed=0)
    fit_calibration(model, batches(features, labels))
    path = tf.train.Checkpoint(model=model).save(str(tmp_path / "kept"))
    other = make(kind)
    tf.train.Checkpoint(model=other).restore(path).assert_consumed()
    for name, logit in model(features).items():
        np.testing.assert_array_equal(other(features)[name], logit)


def test_the_exported_graph_has_the_fitted_calibration(tiny, tmp_path):
    config = tiny.spec.model.model_copy(update={"calibration": "isotonic"})
    spec = tiny.spec.model_copy(update={"model": config})
    model = RankingModel(spec.layout(), spec.heads, config, seed=5)
    packed = {
        name: tf.constant(np.stack([row[name] for row in tiny.packed]))
        for name in tiny.packed[0]
        if name != "labels"
    }
    before = answers(model, packed)
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, (6, 2)).astype("float32")
    fit_calibration(model, [(packed, labels)] * 50)
    after = answers(model, packed)
    assert np.abs(after["ctr"] - before["ctr"]).max() > 0.01
    serving = ServingModel(model, tiny.transform(), spec)
    tf.saved_model.save(serving, str(tmp_path), signatures=serving.signatures())
    loaded = tf.saved_model.load(str(tmp_path))
    answer = loaded.signatures["serving_default"](tf.constant(tiny.examples()))
    for name, probability in after.items():
        np.testing.assert_allclose(answer[name], probability, atol=1e-6)
