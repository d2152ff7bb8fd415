import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.trunks.mmoe import MMoE
from models.trunks.shared_bottom import SharedBottom

UNITS = (6, 5)
OPTIONS = options.Mmoe(experts=3)
X = np.random.default_rng(0).normal(size=(7, 4)).astype("float32")


@pytest.fixture
def trunk():
    """Three experts, two heads, biases that are not zero."""
    layer = MMoE(2, UNITS, OPTIONS)
    layer([X, X])
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def expert(trunk, i, x):
    for kernel, bias in zip(trunk.stack.kernels, trunk.stack.biases, strict=True):
        x = np.maximum(x @ kernel.numpy()[i] + bias.numpy()[i, 0], 0)
    return x


def test_it_is_the_sum_of_experts_weighed_by_each_heads_gate(trunk):
    for k, output in enumerate(trunk([X, X])):
        gate = softmax(X @ trunk.gate.kernel.numpy()[:, 3 * k : 3 * k + 3])
        expected = sum(gate[:, i : i + 1] * expert(trunk, i, X) for i in range(3))
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def test_gates_sum_to_one_per_head(trunk):
    gates = trunk.gates([X, X])
    assert gates.shape == (7, 2, 3)
    np.testing.assert_allclose(np.sum(gates, axis=-1), np.ones((7, 2)), rtol=1e-6)


def test_one_expert_is_a_shared_bottom():
    mixture = MMoE(2, UNITS, options.Mmoe(experts=1))
    shared = SharedBottom(2, UNITS, options.SharedBottom())
    mixture([X, X])
    shared([X, X])
    k1, k2 = (kernel.numpy()[0] for kernel in mixture.stack.kernels)
    b1, b2 = (bias.numpy()[0, 0] + 0.1 for bias in mixture.stack.biases)
    for bias in mixture.stack.biases:
        bias.assign_add(tf.ones_like(bias) * 0.1)
    shared.set_weights([k1, b1, k2, b2])
    for one, other in zip(mixture([X, X]), shared([X, X]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_experts_and_gates_permuted_together_change_nothing(trunk):
    before = [output.numpy() for output in trunk([X, X])]
    order = [2, 0, 1]
    for variable in trunk.stack.trainable_variables:
        variable.assign(variable.numpy()[order])
    trunk.gate.kernel.assign(trunk.gate.kernel.numpy()[:, [2, 0, 1, 5, 3, 4]])
    for was, now in zip(before, trunk([X, X]), strict=True):
        np.testing.assert_allclose(now, was, rtol=1e-5, atol=1e-5)


def test_gates_permuted_alone_change_the_answer(trunk):
    before = trunk([X, X])[0].numpy()
    trunk.gate.kernel.assign(trunk.gate.kernel.numpy()[:, [2, 0, 1, 5, 3, 4]])
    assert np.abs(trunk([X, X])[0].numpy() - before).max() > 0.1


def test_experts_start_different_from_each_other_and_inside():
    tf.keras.utils.set_random_seed(7)
    trunk = MMoE(2, UNITS, OPTIONS)
    trunk([X, X])
    for kernel in trunk.stack.kernels:
        for i in range(3):
            for j in range(i):
                assert np.abs(kernel.numpy()[i] - kernel.numpy()[j]).max() > 0.1
            units = kernel.numpy()[i].T
            assert len({tuple(unit) for unit in units}) == len(units)


def test_an_experts_gradient_is_the_gate_times_what_comes_from_above(trunk):
    single = MMoE(2, (6,), OPTIONS)
    x = tf.constant(X[:1])
    single([x, x])
    with tf.GradientTape() as tape:
        output = single([x, x])[1]
        loss = tf.reduce_sum(output)
    gradient = tape.gradient(loss, single.stack.biases[0]).numpy()[:, 0]  # [E, U]
    active = single.experts([x, x]).numpy()[:, 0] > 0
    gate = single.gates([x, x]).numpy()[0, 1]
    np.testing.assert_allclose(gradient, gate[:, None] * active, rtol=1e-5)


def test_equal_gates_make_the_heads_equal(trunk):
    kernel = trunk.gate.kernel.numpy()
    trunk.gate.kernel.assign(np.concatenate([kernel[:, :3], kernel[:, :3]], axis=1))
    one, other = trunk([X, X])
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_the_number_of_weights_is_experts_times_mlp_plus_gates(trunk):
    assert trunk.count_params() == 3 * (4 * 6 + 6 + 6 * 5 + 5) + 4 * 2 * 3


def test_the_shared_kernel_is_that_of_the_experts_last_layer(trunk):
    (kernel,) = trunk.shared_kernels()
    assert kernel.shape == (3, 6, 5)
    assert kernel is trunk.stack.kernels[-1]


def test_gates_sum_to_one_in_half_precision():
    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        trunk = MMoE(2, UNITS, OPTIONS)
        outputs = trunk([X, X])
        gates = trunk.gates([X, X])
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    assert [output.dtype for output in outputs] == [tf.bfloat16] * 2
    np.testing.assert_allclose(tf.reduce_sum(gates, -1), np.ones((7, 2)), rtol=1e-6)
