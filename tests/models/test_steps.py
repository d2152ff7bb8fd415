"""Steps of two replicas against those of one device.

As a script, it trains models and objectives on one CPU and on two replicas, and prints what both
learn.
"""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.config import ModelConfig
from models.objectives import OBJECTIVES
from models.ranking_model import RankingModel
from models.shares import WHOLE, split
from models.steps import SynchronousSteps
from models.targets import make_targets
from schemas.features import Categorical, Numeric, Sequence
from schemas.heads import Head, target_columns
from schemas.layout import GROUP, make_layout

HEADS = {
    "ctr": Head(label="click"),
    "cvr": Head(label="conversion", given="ctr", weight="worth"),
    "spend": Head(label="paid", given="ctr", kind="value"),
    "like": Head(label="like"),
}
LAYOUT = make_layout(
    {
        "item": Categorical(kind="categorical", side="item", hash=6, width=4),
        "items": Sequence(kind="sequence", side="user", shares="item", max_length=2),
        "price": Numeric(kind="numeric", side="item"),
        "place": Categorical(kind="categorical", side="position", hash=3, width=4),
    },
    group=True,
)
# The rows of each batch: of two halves; with an odd one; fewer than a replica each.
SIZES = (8, 7, 3, 1)
OPTIONS = {
    "es_dfm": {"elapsed": "1h"},
    "defer": {"elapsed": "1h"},
    "dwa": {"period": 1, "temperature": 0.5},
    "gradnorm": {"learning_rate": 0.2, "alpha": 1.0},
}
# Whole models, of every balance.
MODELS = {
    f"{objective}-{balance}": {
        "objective": {"kind": objective, **OPTIONS.get(objective, {})},
        "balance": {"kind": balance, **OPTIONS.get(balance, {})},
    }
    for balance, objective in {
        "fixed": "entire_space",
        "uncertainty": "jrc",
        "gradnorm": "doubly_robust",
        "dwa": "pairwise",
        "pcgrad": "defer",
    }.items()
}


class Rows:
    """Batches of `SIZES`. In the first, all clicks are in the first half; no group is cut."""

    def __init__(self, columns):
        random = np.random.default_rng(0)
        outcomes = {
            "worth": [0.5, 1.0, 2.0],
            "paid": [-1.0, 1.0],
            "label_age": [1e6],
            "conversion_delay": [0.0, 7200.0],
            "conversion_mature": [1.0],
        }
        self.batches = []
        for size in SIZES:
            click = random.integers(0, 2, size)
            if size == 8:
                click = np.arange(8) < 3
            events = {"click": click, "conversion": click * random.integers(0, 2, size)}
            events["conversion"][0] = click[0]
            labels = [
                events[name] if name in events else random.choice(outcomes.get(name, [0, 1]), size)
                for name in columns
            ]
            features = {
                "ids_4": random.integers(0, 7, (size, 1)),
                "sequence_items": random.integers(0, 7, (size, 2)),
                "dense": random.normal(size=(size, 1)).astype("float32"),
                "position_ids_4": random.integers(0, 4, (size, 1)),
                GROUP: np.array(np.arange(8) // 4 if size == 8 else range(size))[:, None],
            }
            self.batches.append((features, np.stack(labels, 1).astype("float32")))

    def epoch(self, number, skip=0, share=WHOLE):
        features, labels = self.batches[0]
        signature = (
            {n: tf.TensorSpec([None, *t.shape[1:]], t.dtype) for n, t in features.items()},
            tf.TensorSpec([None, labels.shape[1]], tf.float32),
        )
        batches = tf.data.Dataset.from_generator(
            lambda: self.batches[skip:], output_signature=signature
        )
        return split(batches, share)


def descend(case, strategy):
    """Returns losses and weights of some steps of steep descent, which show each gradient."""
    with strategy.scope():
        small = {"trunk": "shared_bottom", "units": (8,), "tower": (), "l2": 0.01}
        config = ModelConfig(**{**small, "position_dropout": 0.0, **case})
        model = RankingModel(LAYOUT, HEADS, config, seed=1)
        tables = {table.ref() for table in model.tables}
        rest = [v for v in model.trainable_variables if v.ref() not in tables]
        steep = tf.keras.optimizers.legacy.SGD(1.0)
        clipped = tf.keras.optimizers.legacy.SGD(0.3, global_clipnorm=0.5)
        for optimizer in (steep, clipped):  # a graph that makes their counts is traced twice
            optimizer._create_all_weights([])
        model.compile(
            optimizer=tfrs.experimental.optimizers.CompositeOptimizer(
                [(steep, lambda: model.tables), (clipped, lambda: rest)]
            )
        )
        start = [v.numpy() for v in model.trainable_variables]
    rows = Rows(model.columns)
    if strategy.num_replicas_in_sync > 1:
        steps = SynchronousSteps(model, rows, strategy)
        steps.start(0, 0)
        losses = [steps.take(1)[0].tolist(), *steps.take(len(SIZES) - 1).tolist()]
    else:
        each = [model.train_step(batch) for batch in rows.epoch(0)]
        losses = [[float(one[name]) for name in ("loss", *model.term_names)] for one in each]
    pairs = zip(model.trainable_variables, start, strict=True)
    moved = [float(np.abs(variable.numpy() - was).max()) for variable, was in pairs]
    weights = [v.numpy().tolist() for v in model.weights]
    return {"losses": losses, "weights": weights, "moved": min(moved), "terms": model.term_names}


def learn(kind, strategy):
    """Returns of each batch the terms of an objective, and their gradients by the logits."""
    config = ModelConfig(objective={"kind": kind, **OPTIONS.get(kind, {})}).objective
    objective, columns = OBJECTIVES[kind](HEADS, config), target_columns(HEADS, config.outcomes)
    replicas = strategy.num_replicas_in_sync

    def replica(x, labels, groups):
        with tf.GradientTape() as tape:
            tape.watch(x)
            logits = dict(zip(objective.towers(), tf.unstack(x, axis=1), strict=True))
            terms = objective.terms(logits, make_targets(labels, columns, HEADS, groups))
            total = tf.add_n(list(terms.values()))
        return list(terms.values()), tape.gradient(total, x) / replicas

    found = []
    for features, labels in Rows(columns).batches:
        size, random = len(labels), np.random.default_rng(3)
        x = random.normal(size=(size, len(objective.towers()))).astype("float32")
        whole = (x, labels, features[GROUP][:, 0])
        parts = [_shared(each, strategy) for each in whole]
        terms, gradients = strategy.run(replica, parts)
        joint = [float(strategy.reduce(tf.distribute.ReduceOp.MEAN, one, None)) for one in terms]
        local = strategy.experimental_local_results(gradients)
        found.append([joint, np.concatenate([one.numpy() for one in local]).tolist()])
    return found


def _shared(rows, strategy):
    """Returns for each replica its part of some rows."""
    replicas = strategy.num_replicas_in_sync

    def part(context):
        number = context.replica_id_in_sync_group
        start, end = (len(rows) * (number + i) // replicas for i in (0, 1))
        return tf.constant(rows[start:end])

    return strategy.experimental_distribute_values_from_function(part)


# Of the models those whose balance looks at gradients, of the objectives every third: the rest is
# in the long form.
FEW = [name for name in MODELS if name.endswith(("gradnorm", "pcgrad"))] + list(OBJECTIVES)[::3]


@pytest.fixture(
    scope="module", params=[FEW, pytest.param([*MODELS, *OBJECTIVES], marks=pytest.mark.long)],
    ids=["few", "all"],
)  # fmt: skip
def found(request):
    """What is learnt by name, on one CPU and on two replicas."""
    command = [sys.executable, __file__, *request.param]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_two_replicas_take_the_steps_of_one_device_however_rows_are_spread(found):
    cases = [name for name in MODELS if name in found]
    assert cases
    for case in cases:
        _check_steps(*found[case])


def _check_steps(one, two):
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-5, atol=1e-6)
    for expected, weight in zip(one["weights"], two["weights"], strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-5)
    assert np.abs(one["losses"]).max(axis=0).min() > 0  # every term is learnt
    assert one["moved"] > 1e-4


def test_an_objective_is_the_same_however_rows_are_spread(found):
    kinds = [name for name in OBJECTIVES if name in found]
    assert kinds
    for kind in kinds:
        _check_terms(*found[kind])


def _check_terms(one, two):
    assert [len(gradient) for _, gradient in one] == list(SIZES)
    for (terms, gradient), (joint, parts) in zip(one, two, strict=True):
        np.testing.assert_allclose(joint, terms, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(parts, gradient, atol=1e-6)
    assert np.abs([terms for terms, _ in one]).max(axis=0).min() > 0  # every term is learnt
    assert max(np.abs(gradient).max() for _, gradient in one) > 0.01


def main():
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    # One strategy for all: two in one process would mix up their collective operations.
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    one = tf.distribute.get_strategy()
    done = {}
    for name in sys.argv[1:]:
        train = (lambda on, name=name: descend(MODELS[name], on)) if name in MODELS else (
            lambda on, name=name: learn(name, on))  # fmt: skip
        done[name] = [train(strategy) for strategy in (one, two)]
    print(json.dumps(done))


if __name__ == "__main__":
    main()
