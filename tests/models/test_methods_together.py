"""Every method with every other: a step, and what is saved and loaded again."""

import dataclasses
import itertools

import numpy as np
import pytest
import tensorflow as tf

from models.balances import BALANCES
from models.config import ModelConfig
from models.interactions import INTERACTIONS
from models.objectives import OBJECTIVES
from models.optimizers import make_optimizer
from models.ranking_model import RankingModel
from models.training_config import TrainingConfig
from models.trunks import TRUNKS
from schemas.layout import GROUP

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
    found, met, seen = [], set(), set()
    np.random.default_rng(0).shuffle(possible)
    for fresh in (5, 3, 1):  # those first in which many meet for the first time
        for chosen in possible:
            pairs = set(itertools.combinations(chosen.items(), 2))
            if len(pairs - met) >= fresh:
                # Each method once at least; every pair in the long form.
                marks = () if set(chosen.items()) - seen or fresh == 5 else pytest.mark.long
                found.append(pytest.param(chosen, marks=marks, id="-".join(chosen.values())))
                met |= pairs
                seen |= set(chosen.items())
    return found


@pytest.mark.parametrize("chosen", all_pairs())
def test_every_two_methods_together_take_a_step_that_moves_every_weight(funnel, chosen):
    given = {name: {"kind": kind, **NEEDED.get(kind, {})} for name, kind in chosen.items()}
    layout = dataclasses.replace(funnel.layout, group=True)
    model = RankingModel(
        layout, funnel.heads, ModelConfig(**given, units=(64, 32), tower=(16,)), seed=0
    )
    model.compile(optimizer=make_optimizer(model, TrainingConfig()))
    features, events = funnel.batch(64)
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


EVERY_METHOD = [(kind, name) for kind, methods in KINDS.items() for name in methods]


@pytest.mark.parametrize(("kind", "name"), EVERY_METHOD)
def test_a_saved_model_gives_the_same_answers_when_it_is_loaded(funnel, kind, name, tmp_path):
    chosen = {kind: {"kind": name, **NEEDED.get(name, {})}}
    config = funnel.config(**chosen, calibration="none")
    model = RankingModel(
        dataclasses.replace(funnel.layout, group=True), funnel.heads, config, seed=0
    )
    for variable in model.trainable_variables:  # what training would have made of zeros
        variable.assign_add(tf.random.normal(variable.shape, stddev=0.1))
    features, _ = funnel.batch()
    specs = {n: tf.TensorSpec([None, *t.shape[1:]], t.dtype) for n, t in features.items()}
    module = tf.Module()
    module.weights = model.variables
    module.answers = tf.function(model.answers, input_signature=[specs])
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))  # owns the variables: kept until it has answered
    again = loaded.answers(features)
    for output, answer in model.answers(features).items():
        np.testing.assert_allclose(again[output], answer, rtol=1e-6, atol=1e-7)
