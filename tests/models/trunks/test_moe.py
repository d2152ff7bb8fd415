import itertools

import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.trunks.mmoe import MMoE
from models.trunks.moe import MoE
from models.trunks.shared_bottom import SharedBottom

UNITS = (6, 5)
X = np.random.default_rng(0).normal(size=(7, 4)).astype("float32")


@pytest.fixture
def trunk():
    """Three experts, two heads, biases that are not zero."""
    layer = MoE(2, UNITS, options.Moe(experts=3))
    layer([X, X])
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def test_it_is_the_sum_of_experts_weighed_by_one_gate(trunk):
    scores = np.exp(X @ trunk.gate.kernel.numpy())
    gate = scores / scores.sum(-1, keepdims=True)
    expected = np.zeros((7, 5))
    for i in range(3):
        hidden = X
        for kernel, bias in zip(trunk.stack.kernels, trunk.stack.biases, strict=True):
            hidden = np.maximum(hidden @ kernel.numpy()[i] + bias.numpy()[i, 0], 0)
        expected += gate[:, i : i + 1] * hidden
    outputs = trunk([X, X])
    assert len(outputs) == 2
    for output in outputs:
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def test_mmoe_with_tied_gates_is_moe(trunk):
    mmoe = MMoE(2, UNITS, options.Mmoe(experts=3))
    mmoe([X, X])
    mmoe.stack.set_weights(trunk.stack.get_weights())
    mmoe.gate.kernel.assign(np.tile(trunk.gate.kernel.numpy(), [1, 2]))
    for one, other in zip(mmoe([X, X]), trunk([X, X]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    np.testing.assert_allclose(mmoe.gates([X, X]), trunk.gates([X, X]), rtol=1e-5)


def test_one_expert_is_a_shared_bottom():
    mixture = MoE(2, UNITS, options.Moe(experts=1))
    shared = SharedBottom(2, UNITS, options.SharedBottom())
    mixture([X, X])
    shared([X, X])
    shared.set_weights(
        [
            np.reshape(w, w.shape[1:] if i % 2 == 0 else w.shape[-1:])
            for i, w in enumerate(mixture.stack.get_weights())
        ]
    )
    for one, other in zip(mixture([X, X]), shared([X, X]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_experts_and_gate_permuted_together_change_nothing(trunk, order):
    before = trunk([X, X])[0].numpy()
    for variable in trunk.stack.trainable_variables:
        variable.assign(variable.numpy()[list(order)])
    trunk.gate.kernel.assign(trunk.gate.kernel.numpy()[:, list(order)])
    np.testing.assert_allclose(trunk([X, X])[0], before, rtol=1e-5, atol=1e-5)


def test_gates_are_the_same_for_all_heads_and_sum_to_one(trunk):
    gates = trunk.gates([X, X]).numpy()
    assert gates.shape == (7, 2, 3)
    np.testing.assert_array_equal(gates[:, 0], gates[:, 1])
    np.testing.assert_allclose(gates.sum(-1), np.ones((7, 2)), rtol=1e-6)
    assert trunk.experts([X, X]).shape == (3, 7, 5)


def test_the_gate_learns_from_all_heads(trunk):
    with tf.GradientTape(persistent=True) as tape:
        one, other = trunk([tf.constant(X)] * 2)
        both = tf.reduce_sum(one) + 2 * tf.reduce_sum(other)
        single = tf.reduce_sum(one)
    np.testing.assert_allclose(
        tape.gradient(both, trunk.gate.kernel),
        3 * tape.gradient(single, trunk.gate.kernel),
        rtol=1e-4,
        atol=1e-4,
    )


def test_the_number_of_weights_is_experts_times_mlp_plus_one_gate(trunk):
    assert trunk.count_params() == 3 * (4 * 6 + 6 + 6 * 5 + 5) + 4 * 3
    assert trunk.shared_kernels()[0] is trunk.stack.kernels[-1]
