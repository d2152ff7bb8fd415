import numpy as np
import pytest
import tensorflow as tf

from models.config import ModelConfig
from models.trunks.mmoe import MMoE
from models.trunks.shared_bottom import SharedBottom

CONFIG = ModelConfig(experts=3, units=(6, 5))
X = np.random.default_rng(0).normal(size=(7, 4)).astype("float32")


@pytest.fixture
def trunk():
    """Three experts, two heads, biases that are not zero."""
    layer = MMoE(2, CONFIG)
    layer(X)
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def expert(trunk, i, x):
    for kernel, bias in zip(trunk.kernels, trunk.biases, strict=True):
        x = np.maximum(x @ kernel.numpy()[i] + bias.numpy()[i, 0], 0)
    return x


def test_it_is_the_sum_of_experts_weighed_by_each_heads_gate(trunk):
    for k, output in enumerate(trunk(X)):
        gate = softmax(X @ trunk.gate_kernel.numpy()[:, 3 * k : 3 * k + 3])
        expected = sum(gate[:, i : i + 1] * expert(trunk, i, X) for i in range(3))
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def test_gates_sum_to_one_per_head(trunk):
    gates = trunk.gates(X)
    assert gates.shape == (7, 2, 3)
    np.testing.assert_allclose(np.sum(gates, axis=-1), np.ones((7, 2)), rtol=1e-6)


def test_one_expert_is_a_shared_bottom():
    mixture = MMoE(2, ModelConfig(experts=1, units=(6, 5)))
    shared = SharedBottom(2, ModelConfig(units=(6, 5)))
    mixture(X)
    shared(X)
    k1, k2 = (kernel.numpy()[0] for kernel in mixture.kernels)
    b1, b2 = (bias.numpy()[0, 0] + 0.1 for bias in mixture.biases)
    for bias in mixture.biases:
        bias.assign_add(tf.ones_like(bias) * 0.1)
    shared.set_weights([k1, b1, k2, b2])
    for one, other in zip(mixture(X), shared(X), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_experts_and_gates_permuted_together_change_nothing(trunk):
    before = [output.numpy() for output in trunk(X)]
    order = [2, 0, 1]
    for variable in [*trunk.kernels, *trunk.biases]:
        variable.assign(variable.numpy()[order])
    trunk.gate_kernel.assign(trunk.gate_kernel.numpy()[:, [2, 0, 1, 5, 3, 4]])
    for was, now in zip(before, trunk(X), strict=True):
        np.testing.assert_allclose(now, was, rtol=1e-5, atol=1e-5)


def test_gates_permuted_alone_change_the_answer(trunk):
    before = trunk(X)[0].numpy()
    trunk.gate_kernel.assign(trunk.gate_kernel.numpy()[:, [2, 0, 1, 5, 3, 4]])
    assert np.abs(trunk(X)[0].numpy() - before).max() > 0.1


def test_experts_start_different_from_each_other_and_inside():
    tf.keras.utils.set_random_seed(7)
    trunk = MMoE(2, CONFIG)
    trunk(X)
    for kernel in trunk.kernels:
        for i in range(3):
            for j in range(i):
                assert np.abs(kernel.numpy()[i] - kernel.numpy()[j]).max() > 0.1
            units = kernel.numpy()[i].T
            assert len({tuple(unit) for unit in units}) == len(units)


def test_experts_start_as_wide_as_a_dense_layer_of_their_own():
    trunk = MMoE(2, ModelConfig(experts=4, units=(200,)))
    trunk(np.zeros([1, 100], "float32"))
    assert abs(trunk.kernels[0].numpy().std() - np.sqrt(2 / 300)) < 2e-3


def test_an_experts_gradient_is_the_gate_times_what_comes_from_above(trunk):
    single = MMoE(2, ModelConfig(experts=3, units=(6,)))
    x = tf.constant(X[:1])
    single(x)
    with tf.GradientTape() as tape:
        output = single(x)[1]
        loss = tf.reduce_sum(output)
    gradient = tape.gradient(loss, single.biases[0]).numpy()[:, 0]  # [E, U]
    active = single.experts(x).numpy()[:, 0] > 0
    gate = single.gates(x).numpy()[0, 1]
    np.testing.assert_allclose(gradient, gate[:, None] * active, rtol=1e-5)


def test_equal_gates_make_the_heads_equal(trunk):
    kernel = trunk.gate_kernel.numpy()
    trunk.gate_kernel.assign(np.concatenate([kernel[:, :3], kernel[:, :3]], axis=1))
    one, other = trunk(X)
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_the_number_of_weights_is_experts_times_mlp_plus_gates(trunk):
    assert trunk.count_params() == 3 * (4 * 6 + 6 + 6 * 5 + 5) + 4 * 2 * 3
