import itertools

import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.trunks.mmoe import MMoE
from models.trunks.ple import PLE

UNITS = (6, 5)
X = np.random.default_rng(0).normal(size=(7, 4)).astype("float32")


def made(levels=2, heads=2, own=2, shared=3, units=UNITS):
    """A trunk whose weights are all drawn anew, biases too."""
    trunk = PLE(heads, units, options.Ple(levels=levels, experts=own, shared=shared))
    trunk([X] * heads)
    random = np.random.default_rng(1)
    trunk.set_weights([random.normal(size=w.shape) for w in trunk.get_weights()])
    return trunk


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def expert(stack, i, x):
    for kernel, bias in zip(stack.kernels, stack.biases, strict=True):
        x = np.maximum(x @ kernel.numpy()[i] + bias.numpy()[i, 0], 0)
    return x


def selected(gate, experts, x):
    weights = softmax(x @ gate.kernel.numpy())
    assert weights.shape[1] == len(experts)
    return sum(weights[:, i : i + 1] * made for i, made in enumerate(experts))


def cgc(level, fused, heads, own, shared):
    """Equations 1 to 3 of the paper: what each head reads, and the gate without a head."""
    mine = [[expert(level.own, k * own + i, fused[k]) for i in range(own)] for k in range(heads)]
    common = [expert(level.shared, i, fused[-1]) for i in range(shared)]
    read = [selected(level.gates[k], mine[k] + common, fused[k]) for k in range(heads)]
    if len(level.gates) > heads:
        read.append(selected(level.gates[-1], [*itertools.chain(*mine), *common], fused[-1]))
    return read


@pytest.mark.parametrize(
    ("levels", "heads", "own", "shared"), [(1, 2, 1, 1), (1, 3, 2, 3), (2, 2, 1, 2), (3, 3, 2, 1)]
)
def test_levels_of_customized_gate_control(levels, heads, own, shared):
    trunk = made(levels, heads, own, shared)
    fused = [X] * (heads + 1)
    for level in trunk.levels:
        fused = cgc(level, fused, heads, own, shared)
    outputs = trunk([X] * heads)
    assert len(outputs) == len(fused) == heads
    for output, expected in zip(outputs, fused, strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-3)


def gradients_of_first_head(trunk):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(trunk([tf.constant(X)] * 2)[0])
    kernels = [level.own.kernels[0] for level in trunk.levels]
    return [gradient.numpy().reshape(2, -1) for gradient in tape.gradient(loss, kernels)]


def test_a_head_teaches_other_heads_experts_through_lower_levels_only():
    lower, last = gradients_of_first_head(made(levels=2))
    assert np.any(last[0])
    assert not np.any(last[1])
    assert np.any(lower[0])
    assert np.any(lower[1])


def test_on_one_level_a_head_teaches_no_other_heads_experts():
    (only,) = gradients_of_first_head(made(levels=1))
    assert np.any(only[0])
    assert not np.any(only[1])


def test_all_heads_teach_the_shared_kernel():
    trunk = made()
    (kernel,) = trunk.shared_kernels()
    assert kernel.shape == (3, 6, 5)
    assert kernel is trunk.levels[-1].shared.kernels[-1]
    for head in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(trunk([X, X])[head])
        assert np.any(tape.gradient(loss, kernel))


def test_gates_and_experts_are_those_of_the_last_level():
    trunk = made(levels=2, heads=3)
    gates, experts = trunk.gates([X] * 3), trunk.experts([X] * 3)
    assert gates.shape == (7, 3, 9)
    assert experts.shape == (9, 7, 5)
    for k, output in enumerate(trunk([X] * 3)):
        expected = np.einsum("be,ebu->bu", gates[:, k], experts)
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-4)


def test_gates_sum_to_one_and_are_zero_where_a_head_does_not_reach():
    gates = made(heads=3).gates([X] * 3).numpy()
    np.testing.assert_allclose(gates.sum(-1), np.ones((7, 3)), rtol=1e-5)
    reached = np.concatenate([np.kron(np.eye(3), [1, 1]), np.ones((3, 3))], axis=1)
    np.testing.assert_array_equal(gates > 0, np.tile(reached > 0, (7, 1, 1)))


def test_one_level_whose_own_experts_are_shut_is_mmoe():
    # A last feature that is always 1 lets a gate without bias shut the heads' own experts.
    x = np.concatenate([X, np.ones((7, 1), "float32")], axis=1)
    trunk, mmoe = (
        PLE(2, UNITS, options.Ple(levels=1, experts=1, shared=3)),
        MMoE(2, UNITS, options.Mmoe(experts=3)),
    )
    trunk([x, x])
    mmoe([x, x])
    level = trunk.levels[0]
    level.shared.set_weights(mmoe.stack.get_weights())
    for k, gate in enumerate(level.gates):
        shut = np.array([[0.0]] * 4 + [[-1e4]])
        open_ = mmoe.gate.kernel.numpy()[:, 3 * k : 3 * k + 3]
        gate.kernel.assign(np.concatenate([shut, open_], axis=1))
    for one, other in zip(trunk([x, x]), mmoe([x, x]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_own_and_shared_experts_may_be_permuted_with_their_gates():
    trunk = made(levels=1)
    before = [output.numpy() for output in trunk([X, X])]
    level = trunk.levels[0]
    for weight in level.own.trainable_variables:
        weight.assign(weight.numpy()[[1, 0, 3, 2]])
    for weight in level.shared.trainable_variables:
        weight.assign(weight.numpy()[[2, 0, 1]])
    for gate in level.gates:
        gate.kernel.assign(gate.kernel.numpy()[:, [1, 0, 4, 2, 3]])
    for was, now in zip(before, trunk([X, X]), strict=True):
        np.testing.assert_allclose(now, was, rtol=1e-4, atol=1e-5)


def test_experts_start_different():
    tf.keras.utils.set_random_seed(7)
    trunk = PLE(2, (6,), options.Ple(levels=1, experts=2, shared=2))
    trunk([X, X])
    level = trunk.levels[0]
    kernels = [*level.own.kernels[0].numpy(), *level.shared.kernels[0].numpy()]
    assert len(kernels) == 6
    for one, other in itertools.combinations(kernels, 2):
        assert np.abs(one - other).max() > 0.1
    for kernel in kernels:
        assert len({tuple(unit) for unit in kernel.T}) == 6


def test_the_number_of_weights_is_experts_times_mlp_plus_gates_without_bias():
    trunk = made(levels=2, heads=2, own=2, shared=3)
    first = 7 * (4 * 6 + 6 + 6 * 5 + 5) + 4 * (5 + 5 + 7)
    last = 7 * (5 * 6 + 6 + 6 * 5 + 5) + 5 * (5 + 5)
    assert trunk.count_params() == first + last


def test_gates_sum_to_one_in_half_precision():
    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        trunk = made()
        outputs, gates = trunk([X, X]), trunk.gates([X, X])
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    assert [output.dtype for output in outputs] == [tf.bfloat16] * 2
    np.testing.assert_allclose(tf.reduce_sum(gates, -1), np.ones((7, 2)), rtol=1e-5)
