import math

import numpy as np
import tensorflow as tf

from models import options
from models.balances.dwa import Dwa


def balance_of(names=("ctr", "ctcvr"), **given):
    balance = Dwa(options.Dwa(**given))
    balance({name: tf.constant(1.0) for name in names})
    return balance


def weights(balance):
    return [float(w) for w in balance.current_weights(balance.terms).values()]


def train(balance, *steps):
    """Takes a training step for each list of terms."""
    x = tf.Variable(1.0)
    for losses in steps:
        with tf.GradientTape(persistent=True) as tape:
            terms = {n: x * loss for n, loss in zip(balance.terms, losses, strict=True)}
            total = balance(terms)
        balance.gradients(tape, terms, total, [x], [])


def by_hand(ratios, temperature):
    raised = [math.exp(ratio / temperature) for ratio in ratios]
    return [len(ratios) * one / sum(raised) for one in raised]


def test_the_first_two_periods_weigh_all_terms_alike():
    balance = balance_of(period=3)
    for _ in range(5):
        assert weights(balance) == [1, 1]
        train(balance, (0.7, 0.1))
    train(balance, (0.1, 0.1))
    assert weights(balance) != [1, 1]


def test_the_weights_are_a_softmax_of_the_ratios_of_the_last_two_means():
    balance = balance_of(period=2, temperature=0.5)
    train(balance, (0.8, 0.1), (0.4, 0.3), (0.5, 0.1), (0.4, 0.1))  # means .6, .2 then .45, .1
    np.testing.assert_allclose(weights(balance), by_hand([0.75, 0.5], 0.5), rtol=1e-6)
    train(balance, (0.9, 0.2), (0.9, 0.2))
    np.testing.assert_allclose(weights(balance), by_hand([2, 2], 0.5), rtol=1e-6)


def test_they_sum_to_the_number_of_terms_and_a_great_temperature_makes_them_alike():
    steps = (3.0, 0.2, 9.0), (1.0, 0.1, 8.5)
    for temperature in (0.1, 2.0, 1e6):
        balance = balance_of("abc", period=1, temperature=temperature)
        train(balance, *steps)
        found = weights(balance)
        np.testing.assert_allclose(sum(found), 3, rtol=1e-6)
        assert found.index(max(found)) == 2
    np.testing.assert_allclose(found, [1, 1, 1], rtol=1e-5)


def test_a_batch_without_rows_of_a_term_does_not_count_in_its_mean():
    balance = balance_of(period=2, temperature=1.0)
    train(balance, (0.8, 0.0), (0.4, 0.3), (0.3, 0.1), (0.3, 0.1))  # means .6, .3 then .3, .1
    np.testing.assert_allclose(weights(balance), by_hand([1 / 2, 1 / 3], 1), rtol=1e-6)


def test_a_ratio_that_is_not_known_counts_as_1():
    balance = balance_of(period=1, temperature=1.0)
    train(balance, (0.8, 0.1), (0.4, 0.0))
    np.testing.assert_allclose(weights(balance), by_hand([0.5, 1], 1), rtol=1e-6)
    train(balance, (0.4, 0.1))
    np.testing.assert_allclose(weights(balance), by_hand([1, 1], 1), rtol=1e-6)
    train(balance, (0.4, -0.1))
    np.testing.assert_allclose(weights(balance), by_hand([1, 1], 1), rtol=1e-6)


def test_the_model_descends_the_weighted_sum_and_only_training_moves_the_weights():
    balance, x = balance_of(period=1), tf.Variable(2.0)
    train(balance, (1.0, 1.0), (0.2, 0.9))
    before = by_hand([0.2, 0.9], 2.0)
    with tf.GradientTape(persistent=True) as tape:
        terms = {"ctr": 3 * x, "ctcvr": x**2}
        loss = balance(terms)
        total = loss + 10 * x
    for _ in range(3):
        balance(terms)
    np.testing.assert_allclose(weights(balance), before, rtol=1e-6)
    np.testing.assert_allclose(loss, 6 * before[0] + 4 * before[1], rtol=1e-6)
    (gradient,) = balance.gradients(tape, terms, total, [x], [])
    np.testing.assert_allclose(gradient, 3 * before[0] + 4 * before[1] + 10, rtol=1e-6)
    assert balance.trainable_variables == []
