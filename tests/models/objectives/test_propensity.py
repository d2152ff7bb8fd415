import math

import numpy as np
import pytest
import tensorflow as tf

from models.objectives.propensity import log_loss, observed, propensity

NAN = float("nan")


def test_the_propensity_is_the_product_of_the_parents_rates_and_not_below_the_floor():
    logits = {"ctr": tf.constant([0.0, 2.0, -40.0, 40.0]), "cvr": tf.constant([0.0, -1.0, 40, 40])}
    one = propensity(logits, ["ctr"], 0.01)
    np.testing.assert_allclose(one, [0.5, 1 / (1 + math.exp(-2)), 0.01, 1], rtol=1e-6)
    both = propensity(logits, ["ctr", "cvr"], 0.3)
    np.testing.assert_allclose(both, [0.3, 0.3, 0.3, 1], rtol=1e-6)


def test_the_propensity_has_no_gradient():
    logit = tf.constant([0.3])
    with tf.GradientTape() as tape:
        tape.watch(logit)
        loss = tf.reduce_sum(1 / propensity({"ctr": logit}, ["ctr"], 0.01))
    assert tape.gradient(loss, logit) is None


@pytest.mark.parametrize(
    ("click", "conversion", "reached", "event"),
    [
        (1, 1, True, 1),
        (1, 0, True, 0),
        (1, NAN, True, NAN),
        (0, 0, False, 0),
        (0, NAN, False, 0),  # nothing to be known of it
        (NAN, 0, False, NAN),  # perhaps a clicked one without conversion
        (NAN, 1, False, NAN),
    ],
)
def test_a_row_is_known_by_its_click_and_if_clicked_by_its_label(click, conversion, reached, event):
    labels = {"ctr": tf.constant([float(click)]), "cvr": tf.constant([float(conversion)])}
    where, of = observed(labels, ("ctr", "cvr"))
    assert where.numpy().tolist() == [reached]
    np.testing.assert_array_equal(of, [event])


@pytest.mark.parametrize("event", [0.0, 1.0])
def test_log_loss_is_that_of_the_formula_and_finite_at_every_size_of_logit(event):
    logits = np.linspace(-40, 40, 33)
    found = log_loss(tf.constant(logits, tf.float32), tf.fill([33], event))
    happened = 1 / (1 + np.exp(-logits if event else logits))
    np.testing.assert_allclose(found, -np.log(happened), rtol=1e-5, atol=1e-15)


def test_an_unknown_event_leaves_the_gradient_of_the_others_finite():
    logit = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(logit)
        loss = tf.reduce_sum(log_loss(logit, tf.constant([NAN, 1.0])) * [0.0, 1.0])
    np.testing.assert_allclose(tape.gradient(loss, logit), [0, -1 / (1 + math.exp(2))], rtol=1e-6)
