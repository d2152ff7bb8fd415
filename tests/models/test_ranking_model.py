import dataclasses
import itertools

import numpy as np
import pytest
import tensorflow as tf

from models.balances import BALANCES
from models.config import ModelConfig, TrainingConfig
from models.interactions import INTERACTIONS
from models.objectives import OBJECTIVES
from models.optimizers import make_optimizer
from models.ranking_model import RankingModel
from models.trunks import TRUNKS
from schemas.features import Categorical, Numeric, Sequence
from schemas.heads import Head
from schemas.layout import GROUP, make_layout

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
LAYOUT = make_layout(
    {
        "user": Categorical(kind="categorical", side="user", hash=20, width=4),
        "item": Categorical(kind="categorical", side="item", hash=30, width=4),
        "items": Sequence(kind="sequence", side="user", shares="item", max_length=3),
        "price": Numeric(kind="numeric", side="item"),
    }
)
SMALL = {"units": (8, 4), "tower": (4,), "trunk": {"kind": "mmoe", "experts": 2}}


def batch(size=6, seed=0):
    random = np.random.default_rng(seed)
    item = LAYOUT.tables["item"].offset
    ids = np.stack([random.integers(0, 21, size), item + random.integers(0, 31, size)], 1)
    click = random.integers(0, 2, size)
    features = {
        "ids_4": tf.constant(ids, tf.int64),
        "sequence_items": tf.constant(item + random.integers(0, 31, (size, 3)), tf.int64),
        "dense": tf.constant(random.normal(size=(size, 1)), tf.float32),
    }
    conversion = click * random.integers(0, 2, size)
    return features, tf.constant(np.stack([click, conversion], 1), tf.float32)


def make(seed=0, **config):
    model = RankingModel(LAYOUT, HEADS, ModelConfig(**{**SMALL, **config}), seed=seed)
    model.compile(optimizer=make_optimizer(model, TrainingConfig()))
    return model


KINDS = {
    "interaction": INTERACTIONS, "trunk": TRUNKS, "objective": OBJECTIVES, "balance": BALANCES
}  # fmt: skip
NEEDED = {"es_dfm": {"elapsed": "1h"}, "defer": {"elapsed": "1h"}}


def sensible(trunk, balance, **_):
    return balance != "gradnorm" or trunk not in ("separate", "soft_sharing")


def all_pairs():
    """Returns combinations in which every two methods of different kinds meet."""
    everything = [
        dict(zip(KINDS, names, strict=True)) for names in itertools.product(*KINDS.values())
    ]
    possible = [chosen for chosen in everything if sensible(**chosen)]
    found, met = [], set()
    np.random.default_rng(0).shuffle(possible)
    for fresh in (5, 3, 1):  # those first in which many meet for the first time
        for chosen in possible:
            pairs = set(itertools.combinations(chosen.items(), 2))
            if len(pairs - met) >= fresh:
                found.append(chosen)
                met |= pairs
    return found


@pytest.mark.parametrize("chosen", all_pairs(), ids=lambda chosen: "-".join(chosen.values()))
def test_every_two_methods_together_take_a_step_that_moves_every_weight(chosen):
    given = {name: {"kind": kind, **NEEDED.get(kind, {})} for name, kind in chosen.items()}
    layout = dataclasses.replace(LAYOUT, group=True)
    model = RankingModel(layout, HEADS, ModelConfig(**given, units=(64, 32), tower=(4,)), seed=0)
    model.compile(optimizer=make_optimizer(model, TrainingConfig()))
    features, events = batch(64)
    random = np.random.default_rng(1)
    outcomes = {"label_age": 1e6, "conversion_delay": 7200.0, "conversion_mature": 1.0}
    columns = [
        events[:, i] if i < 2 else random.integers(0, 2, 64) * outcomes[name]
        for i, name in enumerate(model.columns)
    ]
    groups = tf.constant(random.integers(0, 8, (64, 1)))
    before = [v.numpy() for v in model.trainable_variables]
    labels = tf.stack([tf.cast(column, tf.float32) for column in columns], 1)
    logs = model.train_step(({**features, GROUP: groups}, labels))
    assert np.isfinite(list(logs.values())).all()
    for was, variable in zip(before, model.trainable_variables, strict=True):
        assert not np.array_equal(was, variable.numpy()), variable.name


def test_a_logit_per_head_and_row():
    logits = make()(batch()[0])
    assert {name: tuple(logit.shape) for name, logit in logits.items()} == {
        "ctr": (6,),
        "cvr": (6,),
    }


def test_probabilities_are_every_output_of_the_heads():
    model = make()
    answers = model.probabilities(model(batch()[0]))
    ctr, cvr, ctcvr = (answers[name].numpy() for name in ("ctr", "cvr", "ctcvr"))
    np.testing.assert_allclose(ctcvr, ctr * cvr, rtol=1e-6)
    assert (ctcvr <= ctr).all()


@pytest.mark.parametrize("trunk", TRUNKS)
def test_a_batch_of_one_is_a_row_of_the_batch(trunk):
    model, (features, _) = make(trunk=trunk, interaction="dcn"), batch()
    whole = model(features)
    for row in range(6):
        alone = model({name: tensor[row : row + 1] for name, tensor in features.items()})
        for name in HEADS:
            np.testing.assert_allclose(alone[name][0], whole[name][row], rtol=1e-5, atol=1e-6)


def test_the_logits_are_embedding_trunk_and_tower_by_hand():
    model, (features, _) = make(trunk="separate"), batch()
    table = model.bottoms[0].embedding.tables["table_4"].numpy()
    rows = features["sequence_items"].numpy()
    kept = (rows != LAYOUT.tables["item"].offset)[..., None]
    pooled = (table[rows] * kept).sum(1) / kept.sum(1)
    x = np.concatenate([table[features["ids_4"]].reshape(6, 8), pooled, features["dense"]], 1)
    logits = model(features)
    for i, name in enumerate(HEADS):
        k1, b1, k2, b2 = model.trunk.mlps[i].get_weights()
        k3, b3, k4, b4 = model.towers[name].get_weights()
        hidden = np.maximum(np.maximum(x @ k1 + b1, 0) @ k2 + b2, 0)
        expected = (np.maximum(hidden @ k3 + b3, 0) @ k4 + b4)[:, 0]
        np.testing.assert_allclose(logits[name], expected, rtol=1e-4, atol=1e-6)


def sampled(share, heads=HEADS, **config):
    """Returns a model and one with the same weights that learnt from a share of the unclicked."""
    made = [
        RankingModel(LAYOUT, heads, ModelConfig(**{**SMALL, **config}), seed=0, unclicked=unclicked)
        for unclicked in (1.0, share)
    ]
    return made


@pytest.mark.parametrize("objective", ["entire_space", "clicked_only"])
@pytest.mark.parametrize("share", [0.9, 0.5, 0.1, 0.01])
def test_a_rate_learnt_from_a_sample_of_the_unclicked_is_that_of_the_world(share, objective):
    (plain, corrected), (features, _) = sampled(share, objective=objective), batch()
    learnt, answers = (
        {name: rate.numpy() for name, rate in model.probabilities(model(features)).items()}
        for model in (plain, corrected)
    )
    p = learnt["ctr"].astype(np.float64)
    ctr = p / (p + (1 - p) / share)
    np.testing.assert_allclose(answers["ctr"], ctr, rtol=1e-5)
    np.testing.assert_array_equal(answers["cvr"], learnt["cvr"])  # given a click: all were there
    np.testing.assert_allclose(answers["ctcvr"], ctr * learnt["cvr"], rtol=1e-5)


def test_the_example_of_he_and_others():
    # A rate of 0.1%, with 1% of the negatives, is learnt as 9.1% or so: 0.001 / (0.001 + 0.00999).
    (_, model), (features, _) = sampled(0.01), batch()
    learnt = 0.001 / (0.001 + 0.999 * 0.01)
    assert round(learnt, 4) == 0.0910
    kernel, bias = model.towers["ctr"].trainable_variables[-2:]
    kernel.assign(tf.zeros_like(kernel))
    bias.assign([np.log(learnt / (1 - learnt))])
    seen = tf.sigmoid(model.tower_logits(features)["ctr"])
    np.testing.assert_allclose(seen, np.full(6, learnt), rtol=1e-5)
    np.testing.assert_allclose(model.probabilities(model(features))["ctr"], 0.001, rtol=1e-5)


def test_training_is_on_the_rates_of_the_sample():
    (plain, corrected), (features, labels) = sampled(0.1), batch()
    one, other = (model.tower_logits(features, training=True) for model in (plain, corrected))
    for name in HEADS:
        np.testing.assert_array_equal(one[name], other[name])
    losses = [float(model.compute_loss((features, labels), training=True)) for model in
              (plain, corrected)]  # fmt: skip
    assert losses[0] == losses[1] == float(corrected.compute_loss((features, labels)))


def test_only_heads_that_learn_clicks_of_all_impressions_are_corrected():
    heads = {
        "ctr": Head(label="click"),
        "cvr": Head(label="conversion", given="ctr"),
        "like": Head(label="like", given="ctr"),
        "again": Head(label="click"),
    }
    (plain, corrected), (features, _) = sampled(0.1, heads), batch()
    before, after = plain(features), corrected(features)
    found = {name: float((after[name] - before[name])[0]) for name in heads}
    assert found == pytest.approx(
        {"ctr": np.log(0.1), "cvr": 0.0, "like": 0.0, "again": np.log(0.1)}, abs=1e-6
    )


def test_the_same_seed_makes_the_same_weights_and_another_other_ones():
    first, again, other = (make(seed=seed).trainable_variables for seed in (5, 5, 6))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    kernels = [i for i, v in enumerate(first) if "bias" not in v.name]
    assert all(not np.array_equal(first[i], other[i]) for i in kernels)


def test_no_two_parts_of_a_model_start_equal():
    model = make(trunk="separate", units=(8, 8), tower=(8,))
    kernels = [v.numpy() for v in model.trainable_variables if len(v.shape) == 2]
    for one, two in itertools.combinations(kernels, 2):
        assert one.shape != two.shape or not np.array_equal(one, two)


def test_a_batch_without_a_click_still_moves_the_cvr_tower_of_esmm():
    features, labels = batch()
    for objective, moves in (("entire_space", True), ("clicked_only", False)):
        model = make(objective=objective)
        with tf.GradientTape() as tape:
            loss = model.compute_loss((features, tf.zeros_like(labels)), training=True)
        gradients = tape.gradient(loss, model.towers["cvr"].trainable_variables)
        assert any(np.abs(gradient).max() > 0 for gradient in gradients) is moves


def test_no_term_vanishes_from_the_loss():
    model, data = make(), batch()
    terms = {name: float(term) for name, term in model.terms(data).items()}
    assert set(terms) == {"ctr", "ctcvr"}
    np.testing.assert_allclose(model.compute_loss(data), sum(terms.values()), rtol=1e-6)
    weighted = make(balance={"kind": "fixed", "weights": {"ctr": 0.0, "ctcvr": 3.0}})
    np.testing.assert_allclose(weighted.compute_loss(data), 3 * terms["ctcvr"], rtol=1e-6)


def test_rows_without_labels_leave_the_loss_alone():
    model, (features, labels) = make(), batch()
    more = {name: tf.concat([tensor, tensor], 0) for name, tensor in features.items()}
    missing = tf.concat([labels, tf.fill(labels.shape, float("nan"))], 0)
    expected = model.compute_loss((features, labels))
    np.testing.assert_allclose(model.compute_loss((more, missing)), expected, rtol=1e-6)


def test_every_label_finds_its_column_by_name():
    heads = {"cvr": Head(label="conversion", given="ctr"), "ctr": Head(label="click")}
    model = RankingModel(LAYOUT, heads, ModelConfig(**SMALL))
    features, labels = batch()
    logit = model(features)["ctr"].numpy()
    click = labels.numpy()[:, 0]
    expected = np.mean(np.logaddexp(0, -logit) * click + np.logaddexp(0, logit) * (1 - click))
    terms = model.terms((features, labels[:, ::-1]))  # order of `schemas.heads.labels`
    np.testing.assert_allclose(terms["ctr"], expected, rtol=1e-5)


def test_logs_are_means_over_the_steps_of_an_epoch():
    model = make()
    batches = [batch(seed=seed) for seed in range(3)]
    data = tf.data.Dataset.from_generator(
        lambda: iter(batches),
        output_signature=tf.nest.map_structure(tf.type_spec_from_value, batches[0]),
    )
    logs = model.evaluate(data, return_dict=True, verbose=0)
    terms = [model.terms(one) for one in batches]
    for name in ("ctr", "ctcvr"):
        mean = np.mean([term[name] for term in terms])
        np.testing.assert_allclose(logs[f"{name}_loss"], mean, rtol=1e-5)
    np.testing.assert_allclose(logs["loss"], logs["ctr_loss"] + logs["ctcvr_loss"], rtol=1e-5)


def test_l2_counts_kernels_and_neither_tables_nor_biases_nor_the_balance():
    plain, decayed = make(), make(l2=0.1, balance="uncertainty")
    for variable in decayed.trainable_variables:
        if "log_variance" not in variable.name and "kernel" not in variable.name:
            variable.assign_add(tf.ones_like(variable))  # must not count
    data = batch()
    kernels = [v for v in plain.trainable_variables if "kernel" in v.name]
    assert len(kernels) == 2 + 1 + 4  # experts' layers, gates, two towers of two
    penalty = 0.1 / 2 * sum(float(tf.reduce_sum(kernel**2)) for kernel in kernels)
    logs = decayed.test_step(data)
    difference = float(logs["loss"]) - float(decayed.compute_loss(data))
    np.testing.assert_allclose(difference, penalty, rtol=1e-5)


def test_dropout_drops_in_training_only():
    model, (features, _) = make(dropout=0.5, units=(64, 64)), batch()
    asleep, again = model(features)["ctr"], model(features)["ctr"]
    np.testing.assert_array_equal(asleep, again)
    assert not np.array_equal(asleep, model(features, training=True)["ctr"])


def synthetic(rows, seed):
    """Returns a data set and its true ctr and cvr: both depend on user and item."""
    random = np.random.default_rng(seed)
    truth = np.random.default_rng(42)
    user, item = truth.normal(size=20), truth.normal(size=30)
    u, i = random.integers(0, 20, rows), random.integers(0, 30, rows)
    price = random.normal(size=rows)
    ctr = 1 / (1 + np.exp(0.5 - 0.7 * user[u] - 0.7 * item[i]))
    cvr = 1 / (1 + np.exp(0.5 - user[u] + price))
    click = random.random(rows) < ctr
    conversion = click & (random.random(rows) < cvr)
    offset = LAYOUT.tables["item"].offset
    features = {
        "ids_4": np.stack([1 + u, offset + 1 + i], 1),
        "sequence_items": np.full((rows, 3), offset),
        "dense": price[:, None].astype("float32"),
    }
    labels = np.stack([click, conversion], 1).astype("float32")
    data = tf.data.Dataset.from_tensor_slices((features, labels)).batch(500)
    return data, features, ctr, cvr


def test_esmm_recovers_known_probabilities_on_the_whole_space():
    model = RankingModel(LAYOUT, HEADS, ModelConfig(trunk="separate", units=(16,), tower=()), 3)
    training = TrainingConfig(learning_rate=0.003, embedding_learning_rate=0.05)
    model.compile(optimizer=make_optimizer(model, training))
    data, *_ = synthetic(20_000, seed=0)
    losses = model.fit(data.cache(), epochs=8, verbose=0).history["loss"]
    _, features, ctr, cvr = synthetic(2_000, seed=1)
    answers = model.probabilities(model(features))
    assert losses[-1] < losses[0] - 0.03
    assert np.abs(answers["ctr"] - ctr).mean() < 0.03 < np.abs(ctr.mean() - ctr).mean() / 4
    assert np.abs(answers["ctcvr"] - ctr * cvr).mean() < 0.03
    assert np.abs(answers["cvr"] - cvr).mean() < 0.05  # clicked or not


EVERY_METHOD = [(kind, name) for kind, methods in KINDS.items() for name in methods]


@pytest.mark.parametrize(("kind", "name"), EVERY_METHOD)
def test_a_saved_model_gives_the_same_answers_when_it_is_loaded(kind, name, tmp_path):
    chosen = {kind: {"kind": name, **NEEDED.get(name, {})}}
    config = ModelConfig(**{**SMALL, **chosen, "calibration": "none"})
    model = RankingModel(dataclasses.replace(LAYOUT, group=True), HEADS, config, seed=0)
    for variable in model.trainable_variables:  # what training would have made of zeros
        variable.assign_add(tf.random.normal(variable.shape, stddev=0.1))
    features, _ = batch()
    specs = {n: tf.TensorSpec([None, *t.shape[1:]], t.dtype) for n, t in features.items()}
    module = tf.Module()
    module.weights = model.variables
    module.answers = tf.function(model.answers, input_signature=[specs])
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))  # owns the variables: kept until it has answered
    again = loaded.answers(features)
    for output, answer in model.answers(features).items():
        np.testing.assert_allclose(again[output], answer, rtol=1e-6, atol=1e-7)
