import math

import numpy as np
import pytest
import tensorflow as tf

from models.objectives.cross_entropy import cross_entropy, joint_event

NAN = float("nan")


def test_one_head_is_keras_binary_cross_entropy_from_logits():
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=50) * 5, random.integers(0, 2, 50)
    keras = tf.keras.losses.BinaryCrossentropy(from_logits=True)(labels[:, None], logits[:, None])
    ours = cross_entropy([tf.constant(logits, tf.float32)], tf.constant(labels, tf.float32))
    np.testing.assert_allclose(ours, keras, rtol=1e-6)


def test_known_values():
    logits = [tf.constant([math.log(1 / 3), 0.0]), tf.constant([0.0, 0.0])]  # p = 1/8, 1/4
    loss = cross_entropy(logits, tf.constant([1.0, 0.0]))
    np.testing.assert_allclose(loss, (math.log(8) - math.log(3 / 4)) / 2, rtol=1e-6)


def test_a_rare_conversion_keeps_its_gradient_where_multiplied_sigmoids_lose_it():
    a, b = tf.constant([-9.0]), tf.constant([-9.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(b)
        ours = cross_entropy([a, b], tf.constant([1.0]))
        product = tf.keras.losses.BinaryCrossentropy()([[1.0]], [tf.sigmoid(a) * tf.sigmoid(b)])
    np.testing.assert_allclose(tape.gradient(ours, b), [-0.99988], rtol=1e-5)
    assert tape.gradient(product, b).numpy() == [0.0]  # why it is done in log space


@pytest.mark.parametrize("c", [0.0, 1.0])
def test_gradients_are_those_of_the_formula_at_every_size_of_logit(c):
    a, b = (
        grid.ravel().astype("float32")
        for grid in np.meshgrid(np.linspace(-40, 40, 33), np.linspace(-40, 40, 33))
    )
    x, y = tf.constant(a), tf.constant(b)
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        loss = cross_entropy([x, y], tf.fill(x.shape, c)) * len(a)
    da, db = tape.gradient(loss, [x, y])
    o, r, not_o, not_r = (1 / (1 + np.exp(-z.astype("float64"))) for z in (a, b, -a, -b))
    not_p = not_o + o * not_r
    # (p - c)(1 - r) / (1 - p), and the same of o; for c = 1 the fraction is -1
    np.testing.assert_allclose(da, -not_o if c else o * r * not_o / not_p, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(db, -not_r if c else o * r * not_r / not_p, rtol=1e-5, atol=1e-7)


def test_a_missing_label_neither_counts_nor_poisons_the_gradient():
    logits = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = cross_entropy([logits], tf.constant([1.0, NAN, 0.0]))
    expected = (math.log1p(math.exp(-1)) + math.log1p(math.exp(3))) / 2
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    gradient = tape.gradient(loss, logits).numpy()
    assert gradient[1] == 0
    np.testing.assert_allclose(gradient[0], (1 / (1 + math.exp(-1)) - 1) / 2, rtol=1e-6)


def test_the_mean_is_over_the_population():
    logits = tf.constant([1.0, 2.0, 3.0])
    population = tf.constant([False, True, False])
    loss = cross_entropy([logits], tf.ones([3]), population)
    np.testing.assert_allclose(loss, math.log1p(math.exp(-2)), rtol=1e-6)


def test_an_empty_population_costs_zero_and_its_gradient_is_zero():
    logits = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = cross_entropy([logits], tf.fill([2], NAN))
    assert loss.numpy() == 0
    assert tape.gradient(loss, logits).numpy().tolist() == [0, 0]


def test_a_batch_twice_as_large_costs_the_same():
    logits, labels = tf.constant([1.0, -2.0]), tf.constant([1.0, 0.0])
    once = cross_entropy([logits], labels)
    twice = cross_entropy([tf.tile(logits, [2])], tf.tile(labels, [2]))
    np.testing.assert_allclose(twice, once, rtol=1e-6)


@pytest.mark.parametrize(
    ("click", "conversion", "joint"),
    [
        (1, 1, 1),
        (1, 0, 0),
        (0, 0, 0),
        (0, 1, 0),  # a conversion without its click is none of this path
        (0, NAN, 0),
        (NAN, 0, 0),
        (1, NAN, NAN),
        (NAN, 1, NAN),
        (NAN, NAN, NAN),
    ],
)
def test_a_joint_event_is_known_once_one_part_failed(click, conversion, joint):
    labels = {"ctr": tf.constant([float(click)]), "cvr": tf.constant([float(conversion)])}
    event = joint_event(labels, ("ctr", "cvr")).numpy()
    np.testing.assert_array_equal(event, [joint])
