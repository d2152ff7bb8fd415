import math

import numpy as np
import pytest
import tensorflow as tf

from models.balances.uncertainty import Uncertainty
from models.config import ModelConfig


def balance_of(terms):
    balance = Uncertainty(ModelConfig(balance="uncertainty"))
    balance(terms)
    return balance


def test_it_starts_as_the_plain_sum():
    terms = {"ctr": tf.constant(0.25), "ctcvr": tf.constant(2.0)}
    assert float(balance_of(terms)(terms)) == 2.25


def test_value_and_gradient_are_those_of_the_formula():
    terms = {"ctr": tf.constant(0.3), "ctcvr": tf.constant(0.01)}
    balance = balance_of(terms)
    s = {"ctr": 0.7, "ctcvr": -1.2}
    for name, value in s.items():
        balance.log_variances[name].assign(value)
    with tf.GradientTape() as tape:
        total = balance(terms)
    expected = sum(math.exp(-s[name]) * float(terms[name]) + s[name] / 2 for name in s)
    np.testing.assert_allclose(total, expected, rtol=1e-6)
    gradients = tape.gradient(total, balance.log_variances)
    for name, gradient in gradients.items():
        value = -math.exp(-s[name]) * float(terms[name]) + 0.5
        np.testing.assert_allclose(gradient, value, rtol=1e-6)


@pytest.mark.parametrize("loss", [0.17, 0.001, 3.0])
def test_the_best_s_is_the_log_of_twice_the_loss_also_below_zero(loss):
    terms = {"ctr": tf.constant(loss)}
    balance = balance_of(terms)
    s = balance.log_variances["ctr"]
    for _ in range(60):  # Newton's steps: the second derivative is e^{-s} L
        with tf.GradientTape() as tape:
            total = balance(terms)
        s.assign_sub(tf.clip_by_value(tape.gradient(total, s) / (tf.exp(-s) * loss), -1, 1))
    np.testing.assert_allclose(s, math.log(2 * loss), atol=1e-4)


def test_each_term_has_one_trainable_scalar():
    terms = {"ctr": tf.constant(1.0), "ctcvr": tf.constant(1.0)}
    assert [tuple(v.shape) for v in balance_of(terms).trainable_variables] == [(), ()]
