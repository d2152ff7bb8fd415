import itertools

import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.trunks.separate import Separate
from models.trunks.soft_sharing import SoftSharing

UNITS = (6, 5)
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(2, 7, 4)).astype("float32")


def made(heads=2, penalty=0.3):
    """A trunk whose weights are all drawn anew, biases too."""
    trunk = SoftSharing(heads, UNITS, options.SoftSharing(penalty=penalty))
    trunk([X] * heads)
    random = np.random.default_rng(1)
    trunk.set_weights([random.normal(size=w.shape) for w in trunk.get_weights()])
    return trunk


@pytest.mark.parametrize("xs", [[X, X], [X, Y]])
def test_given_the_same_weights_it_answers_as_separate_networks(xs):
    trunk, separate = made(), Separate(2, UNITS, options.Separate())
    separate(xs)
    weights = trunk.get_weights()  # kernel [H, D, U] and bias [H, 1, U] of each layer
    separate.set_weights([np.squeeze(w[head]) for head in range(2) for w in weights])
    for one, other in zip(trunk(xs), separate(xs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("heads", [2, 3])
def test_the_penalty_is_half_lambda_times_the_squared_distances_of_all_pairs(heads):
    trunk = made(heads)
    expected = 0.15 * sum(
        np.sum((w[i] - w[j]) ** 2)
        for w in trunk.get_weights()
        for i, j in itertools.combinations(range(heads), 2)
    )
    np.testing.assert_allclose(trunk.losses, [expected], rtol=1e-5)


def test_its_gradient_is_lambda_times_the_difference():
    trunk = made()
    with tf.GradientTape() as tape:
        (penalty,) = trunk.losses
    for weight, gradient in zip(
        trunk.trainable_variables,
        tape.gradient(penalty, trunk.trainable_variables),
        strict=True,
    ):
        first, second = weight.numpy()
        expected = 0.3 * np.stack([first - second, second - first])
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6)


def descend(trunk, steps=20, rate=0.01):
    """Steps of gradient descent on two tasks that want opposite things, and the penalty."""

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            one, other = trunk([tf.constant(X)] * 2)
            tasks = tf.reduce_mean((one - 3) ** 2) + tf.reduce_mean((other - 1) ** 2)
            loss = tasks + tf.add_n(trunk.losses)
        variables = trunk.trainable_variables
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(rate * gradient)

    for _ in range(steps):
        step()
    return [np.abs(w[0] - w[1]).max() for w in trunk.get_weights()]


def test_a_huge_penalty_makes_the_networks_one_and_none_leaves_them_apart():
    assert max(descend(made(penalty=50))) < 0.02  # 1 - 2 * 0.01 * 50 = 0 in one step
    assert min(descend(made(penalty=0))) > 0.5


def test_without_a_penalty_a_head_learns_by_itself():
    trunk = made(penalty=0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(trunk([X, Y])[0]) + tf.add_n(trunk.losses)
    for gradient in tape.gradient(loss, trunk.trainable_variables):
        assert np.any(gradient[0])
        assert not np.any(gradient[1])


def test_one_head_has_no_penalty():
    assert made(heads=1).losses == [0]


def test_the_penalty_is_asked_anew_for_every_loss_and_counted_once():
    trunk = made()
    trunk([X, X])
    trunk([X, X])
    before = float(trunk.losses[0])
    trunk.set_weights([2 * w for w in trunk.get_weights()])
    np.testing.assert_allclose(trunk.losses, [4 * before], rtol=1e-5)


def test_the_penalty_is_exact_in_half_precision():
    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        half = made()
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    np.testing.assert_array_equal(half.losses, made().losses)


def test_the_networks_start_different():
    trunk = SoftSharing(2, UNITS, options.SoftSharing())
    trunk([X, X])
    assert all(np.abs(k[0] - k[1]).max() > 0.1 for k in trunk.get_weights()[::2])


def test_no_kernel_is_shared_and_each_head_has_an_mlp():
    trunk = made()
    assert trunk.shared_kernels() == []
    assert trunk.gates([X, X]) is None
    assert trunk.count_params() == 2 * (4 * 6 + 6 + 6 * 5 + 5)
