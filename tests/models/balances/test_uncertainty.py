import math

import numpy as np
import tensorflow as tf

from models import options
from models.balances.uncertainty import Uncertainty


def balance_of(*names):
    balance = Uncertainty(options.Uncertainty())
    balance({name: tf.constant(1.0) for name in names})
    return balance


def test_it_starts_as_the_plain_sum():
    terms = {"ctr": tf.constant(0.25), "ctcvr": tf.constant(2.0)}
    assert float(balance_of("ctr", "ctcvr")(terms)) == 2.25


def test_value_and_gradient_are_those_of_the_formula():
    losses, s = np.array([0.3, 0.01]), np.array([0.7, -1.2])
    balance = balance_of("ctr", "ctcvr")
    balance.log_variances.assign(s)
    with tf.GradientTape() as tape:
        total = balance({"ctr": tf.constant(0.3), "ctcvr": tf.constant(0.01)})
    np.testing.assert_allclose(total, (np.exp(-s) * losses + s / 2).sum(), rtol=1e-6)
    gradient = tape.gradient(total, balance.log_variances)
    np.testing.assert_allclose(gradient, 0.5 - np.exp(-s) * losses, rtol=1e-6)


def test_training_takes_every_variance_to_twice_its_loss_also_below_1():
    losses = {"rare": 0.001, "click": 0.17, "value": 3.0}
    balance = balance_of(*losses)
    optimizer = tf.keras.optimizers.legacy.Adam(0.1)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            total = balance({name: tf.constant(loss) for name, loss in losses.items()})
        weights = balance.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(total, weights), weights, strict=True))
        return total

    for _ in range(400):
        total = step()
    s = balance.log_variances
    np.testing.assert_allclose(tf.exp(s), [0.002, 0.34, 6.0], rtol=1e-3)
    assert s[0] < s[1] < 0
    best = sum(0.5 + math.log(2 * loss) / 2 for loss in losses.values())
    np.testing.assert_allclose(total, best, rtol=1e-4)
    assert best < 0


def test_a_term_without_rows_counts_for_nothing_and_leaves_its_s():
    balance = balance_of("ctr", "ctcvr")
    balance.log_variances.assign([0.5, 2.0])
    with tf.GradientTape() as tape:
        total = balance({"ctr": tf.constant(0.3), "ctcvr": tf.constant(0.0)})
    np.testing.assert_allclose(total, math.exp(-0.5) * 0.3 + 0.25, rtol=1e-6)
    assert tape.gradient(total, balance.log_variances).numpy()[1] == 0


def test_the_current_weights_are_what_multiplies_the_terms():
    balance = balance_of("ctr", "ctcvr")
    balance.log_variances.assign([math.log(2), -math.log(4)])
    found = balance.current_weights(["ctcvr", "ctr"])
    assert {name: round(float(w), 5) for name, w in found.items()} == {"ctcvr": 4.0, "ctr": 0.5}


def test_the_optimizer_of_the_model_trains_one_vector():
    assert [tuple(v.shape) for v in balance_of("ctr", "ctcvr").trainable_variables] == [(2,)]
