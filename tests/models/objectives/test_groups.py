import numpy as np
import tensorflow as tf

from models.objectives.groups import NO_GROUP, log_shares, members

NAN = float("nan")


def test_a_row_takes_part_with_a_group_a_known_label_its_population_and_a_weight():
    segments, weights = members(
        tf.constant([7, 7, -1, 7, 7, 2**61, 7, 7], tf.int64),
        tf.constant([1.0, 0.0, 1.0, NAN, 1.0, 0.0, 1.0, 1.0]),
        tf.constant([True, True, True, True, False, True, True, True]),
        tf.constant([2.0, 0.5, 1.0, 1.0, 1.0, 3.0, 0.0, NAN]),
    )
    assert segments.numpy().tolist() == [0, 0, *[NO_GROUP] * 3, 2, NO_GROUP, NO_GROUP]
    assert weights.numpy().tolist() == [2.0, 0.5, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0]


def test_without_groups_no_row_takes_part():
    segments, weights = members(None, tf.constant([1.0, 0.0]))
    assert segments.numpy().tolist() == [NO_GROUP, NO_GROUP]
    assert weights.numpy().tolist() == [0.0, 0.0]


def test_a_share_is_that_of_the_weighed_exponential_in_its_group():
    random = np.random.default_rng(0)
    values, weights = random.normal(size=30) * 3, random.uniform(0.1, 3, 30)
    segments = random.integers(-1, 6, 30)
    found = log_shares(
        tf.constant(values, tf.float32),
        tf.constant(segments, tf.int32),
        tf.constant(weights, tf.float32),
    )
    for i in range(30):
        total = 0.0
        for j in range(30):
            if segments[j] == segments[i]:
                total += weights[j] * np.exp(values[j])
        expected = np.log(weights[i] * np.exp(values[i]) / total) if segments[i] >= 0 else 0.0
        np.testing.assert_allclose(found[i], expected, rtol=1e-4, atol=1e-5)


def test_huge_values_neither_overflow_nor_lose_their_gradient():
    values = tf.constant([400.0, -400.0, 400.0, 1e30])
    segments = tf.constant([0, 0, 0, NO_GROUP])
    with tf.GradientTape() as tape:
        tape.watch(values)
        shares = log_shares(values, segments, tf.constant([1.0, 1.0, 1.0, 0.0]))
        loss = -tf.reduce_sum(shares)
    np.testing.assert_allclose(shares, [-np.log(2), -800 - np.log(2), -np.log(2), 0], rtol=1e-6)
    # Of each member: three shares have the softmax taken off, and its own counts once.
    np.testing.assert_allclose(tape.gradient(loss, values), [0.5, -1, 0.5, 0], atol=1e-6)


def test_shares_of_a_group_add_up_to_one():
    segments = tf.constant([0, 1, 0, 1, 1, NO_GROUP, 3])
    values = tf.constant([0.1, 5.0, -2.0, 30.0, 0.0, 9.0, 4.0])
    shares = np.exp(log_shares(values, segments, tf.ones(7)))
    np.testing.assert_allclose(shares[[0, 2]].sum(), 1, rtol=1e-6)
    np.testing.assert_allclose(shares[[1, 3, 4]].sum(), 1, rtol=1e-6)
    assert shares[6] == 1  # alone
