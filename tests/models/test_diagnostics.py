import numpy as np
import pytest
import tensorflow as tf

from models.config import ModelConfig
from models.diagnostics import conflicts, diagnose, gates
from models.ranking_model import RankingModel
from schemas.features import Categorical, Numeric
from schemas.heads import Head
from schemas.layout import make_layout

HEADS = {"income": Head(label="rich"), "marital": Head(label="single")}
LAYOUT = make_layout(
    {
        "age": Numeric(kind="numeric", side="user"),
        "hours": Numeric(kind="numeric", side="user"),
        "city": Categorical(kind="categorical", side="user", hash=6, width=2),
    }
)


def make(trunk, **config):
    config = ModelConfig(trunk=trunk, objective="independent", units=(4,), tower=(), **config)
    return RankingModel(LAYOUT, HEADS, config, seed=0)


def rows(count=32, seed=0):
    random = np.random.default_rng(seed)
    features = {
        "dense": tf.constant(random.normal(size=(count, 2)), tf.float32),
        "ids_2": tf.constant(random.integers(0, 7, (count, 1)), tf.int64),
    }
    return features, tf.constant(random.integers(0, 2, (count, 2)), tf.float32)


def test_gates_are_means_over_all_rows_of_all_batches():
    model = make({"kind": "mmoe", "experts": 3})
    batches = [rows(8, 0), rows(24, 1)]
    found = gates(model, batches)
    weights = np.concatenate(
        [model.trunk.gates(model.trunk_inputs(features)[0]) for features, _ in batches]
    )
    for i, name in enumerate(HEADS):
        np.testing.assert_allclose(found["gate_mean"][name], weights[:, i].mean(0), atol=1e-6)
        entropy = -(weights[:, i] * np.log(weights[:, i])).sum(1).mean()
        assert found["gate_entropy"][name] == pytest.approx(entropy, abs=1e-6)


def test_a_gate_that_takes_all_alike_has_the_entropy_of_the_number_of_experts():
    model = make({"kind": "mmoe", "experts": 3})
    model.trunk.gate.kernel.assign(tf.zeros_like(model.trunk.gate.kernel))
    found = gates(model, [rows()])
    assert found["gate_entropy"] == {name: pytest.approx(np.log(3), abs=1e-6) for name in HEADS}


def test_an_expert_without_weight_or_without_an_answer_is_dead():
    model = make({"kind": "mmoe", "experts": 3})
    assert gates(model, [rows()])["dead_experts"] == []
    kernel, bias = model.trunk.stack.kernels[-1], model.trunk.stack.biases[-1]
    kernel.assign(kernel.numpy() * np.array([1, 0, 1])[:, None, None])
    bias.assign(bias.numpy() - np.array([0, 1, 0])[:, None, None])
    assert gates(model, [rows()])["dead_experts"] == [1]


def test_two_equal_experts_are_named():
    model = make({"kind": "mmoe", "experts": 3})
    assert gates(model, [rows()])["same_experts"] == []
    for variable in (*model.trunk.stack.kernels, *model.trunk.stack.biases):
        value = variable.numpy()
        value[2] = value[0]
        variable.assign(value)
    found = gates(model, [rows()])
    assert found["same_experts"] == [[0, 2]]
    assert found["expert_cosine"][0][2] == pytest.approx(1, abs=1e-5)


def test_a_trunk_without_gates_has_none_to_tell_of():
    assert gates(make("shared_bottom"), [rows()]) is None
    assert set(diagnose(make("shared_bottom"), [rows()])) == {"gradient_cosine"}


def test_the_same_label_pulls_one_way_and_its_opposite_the_other():
    model = make("shared_bottom")
    features, labels = rows()
    first, second = model.towers["income"], model.towers["marital"]
    for one, other in zip(second.variables, first.variables, strict=True):
        one.assign(other)
    same = tf.stack([labels[:, 0], labels[:, 0]], axis=1)
    assert conflicts(model, [(features, same)]) == {"income/marital": pytest.approx(1, abs=1e-5)}
    for variable in second.variables:
        variable.assign(-variable)
    assert conflicts(model, [(features, same)])["income/marital"] < 1
    opposite = tf.stack([labels[:, 0], 1 - labels[:, 0]], axis=1)
    # -w and 1 - y: the same loss, so the same gradient
    assert conflicts(model, [(features, opposite)])["income/marital"] == pytest.approx(1, abs=1e-5)


def test_without_a_shared_layer_the_tables_are_what_heads_share():
    model = make("separate")
    features, labels = rows()
    with tf.GradientTape(persistent=True) as tape:
        terms = model.terms((features, labels))
    one, other = (
        tf.convert_to_tensor(tape.gradient(terms[name], model.tables[0])).numpy().ravel()
        for name in HEADS
    )
    expected = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    found = conflicts(model, [(features, labels)])
    assert found == {"income/marital": pytest.approx(expected, abs=1e-5)}


def test_heads_that_share_nothing_cannot_conflict():
    assert conflicts(make("separate", share_embeddings=False), [rows()]) == {}
