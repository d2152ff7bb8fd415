import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models import options
from models.balances.fixed import Fixed
from models.balances.gradnorm import GradNorm

NAMES = ("ctr", "cart", "ctcvr")


def balance_of(names=NAMES, **given):
    balance = GradNorm(options.GradNorm(**given))
    balance({name: tf.constant(1.0) for name in names})
    return balance


def vector(*values):
    return tf.constant(values, tf.float32)


def test_the_slope_of_the_weights_is_that_of_a_second_tape():
    balance, losses = balance_of(alpha=1.5), vector(0.7, 0.1, 2.0)
    x = tf.Variable([[0.3, -1.0], [2.0, 0.5]])
    balance.first_losses.assign([0.6, 0.4, 2.5])
    w = tf.Variable([0.5, 0.7, 1.8])
    balance.loss_weights.assign(w)
    with tf.GradientTape() as outer:
        with tf.GradientTape(persistent=True) as inner:
            terms = [tf.reduce_sum(x**2), tf.reduce_sum(tf.sin(x)), 3 * tf.reduce_sum(x**3)]
            weighted = [w[i] * term for i, term in enumerate(terms)]
        sizes = tf.stack([tf.norm(inner.gradient(one, x)) for one in weighted])
        ratios = losses / balance.first_losses
        rates = ratios / tf.reduce_mean(ratios)
        targets = tf.stop_gradient(tf.reduce_mean(sizes) * rates**1.5)
        difference = tf.reduce_sum(tf.abs(sizes - targets))
    norms = tf.stack([tf.norm(inner.gradient(term, x)) for term in terms])
    np.testing.assert_allclose(
        balance.slopes(losses, norms), outer.gradient(difference, w), rtol=1e-5
    )


def by_hand(steps, alpha, rate, size=3):
    """Returns the weights after steps of (losses, norms), term by term in plain Python."""
    w, first, seen, m, v = [1.0] * size, [0.0] * size, [0] * size, [0.0] * size, [0.0] * size
    for losses, norms in steps:
        there = [i for i in range(size) if losses[i] != 0]
        for i in there:
            seen[i] += 1
            if seen[i] <= 10:
                first[i] += (losses[i] - first[i]) / seen[i]
        common = np.mean([w[i] * norms[i] for i in there])
        slow = np.mean([losses[i] / first[i] for i in there])
        moved = list(w)
        for i in there:
            target = common * (losses[i] / first[i] / slow) ** alpha
            slope = np.sign(w[i] * norms[i] - target) * norms[i]
            m[i] = 0.9 * m[i] + 0.1 * slope
            v[i] = 0.999 * v[i] + 0.001 * slope**2
            up, down = m[i] / (1 - 0.9 ** seen[i]), v[i] / (1 - 0.999 ** seen[i])
            moved[i] = max(w[i] - rate * up / (down**0.5 + 1e-8), 1e-4)
        scale = sum(w[i] for i in there) / sum(moved[i] for i in there)
        w = [moved[i] * scale if i in there else w[i] for i in range(size)]
    return w


def test_its_weights_take_the_steps_of_adam_and_are_scaled_back():
    random = np.random.default_rng(0)
    balance = balance_of(alpha=0.8, learning_rate=0.05)
    steps = []
    for i in range(25):
        losses, norms = random.uniform(0.1, 2, 3), random.uniform(0.1, 5, 3)
        if i % 3 == 1:
            losses[2], norms[2] = 0, 0  # no rows
        steps.append((losses.tolist(), norms.tolist()))
        balance.move(vector(*losses), vector(*norms))
    np.testing.assert_allclose(balance.loss_weights, by_hand(steps, 0.8, 0.05), rtol=1e-4)


def test_the_first_losses_are_means_of_the_first_ten_batches_that_have_rows():
    balance = balance_of(("ctr", "ctcvr"))
    for i in range(1, 31):
        balance.move(vector(i, i if i % 2 else 0), vector(1, 1))
    np.testing.assert_allclose(balance.first_losses, [5.5, 10])  # 1..10 and 1, 3 .. 19


def test_a_term_without_rows_keeps_its_weight_and_the_others_their_sum():
    balance = balance_of()
    balance.move(vector(1, 1, 1), vector(1, 2, 9))
    before = balance.loss_weights.numpy()
    balance.move(vector(1, 1, 0), vector(1, 2, 0))
    after = balance.loss_weights.numpy()
    assert after[2] == before[2]
    assert (after[:2] != before[:2]).all()
    np.testing.assert_allclose(after.sum(), 3, rtol=1e-6)
    balance.move(vector(0, 0, 0), vector(0, 0, 0))
    np.testing.assert_array_equal(balance.loss_weights, after)


@settings(max_examples=10, deadline=None)
@given(
    norms=st.lists(st.floats(1e-6, 1e6), min_size=3, max_size=3),
    losses=st.lists(st.floats(-1, 1e3), min_size=3, max_size=3),
    alpha=st.floats(0, 3),
)
def test_weights_stay_above_zero_and_sum_to_the_number_of_terms(norms, losses, alpha):
    balance = balance_of(alpha=alpha, learning_rate=0.5)
    for _ in range(5):
        balance.move(vector(*losses), vector(*norms))
        weights = balance.loss_weights.numpy()
        assert (weights > 0).all()
        np.testing.assert_allclose(weights.sum(), 3, rtol=1e-5)


def test_with_alpha_0_all_gradients_come_to_one_size():
    balance, norms = balance_of(alpha=0, learning_rate=0.003), vector(1.0, 4.0, 0.5)
    move = tf.function(balance.move)
    for _ in range(600):
        move(vector(1.0, 0.3, 2.0), norms)
    sizes = (balance.loss_weights * norms).numpy()
    np.testing.assert_allclose(sizes, sizes.mean(), rtol=0.03)
    np.testing.assert_allclose(balance.loss_weights, 3 / 3.25 * (1 / norms), rtol=0.03)


def test_a_term_that_learns_slowly_weighs_more():
    balance = balance_of(("fast", "slow"), alpha=1.0)
    for i in range(20):
        balance.move(vector(0.9**i, 1.0), vector(1.0, 1.0))
    fast, slow = balance.loss_weights.numpy()
    assert slow > 1.1 > 0.9 > fast


def measured(shared, terms, variables, penalty=0.0, **given):
    balance = balance_of(tuple(terms(variables)), **given)
    balance.loss_weights.assign([0.5, 1.5])
    with tf.GradientTape(persistent=True) as tape:
        found = terms(variables)
        loss = balance(found) + penalty * tf.reduce_sum(variables[0] ** 2)
    return balance, balance.gradients(tape, found, loss, variables, shared)


def two_terms(variables):
    x, y = variables
    return {"a": tf.reduce_sum(x * [3.0, 4.0]), "b": tf.reduce_sum(x**2) + 7 * y}


def test_the_model_descends_the_weighted_sum_whatever_the_weights_do():
    x, y = tf.Variable([1.0, -2.0]), tf.Variable(1.0)
    for alpha in (0.0, 3.0):
        _, (dx, dy) = measured([x], two_terms, [x, y], penalty=10.0, alpha=alpha)
        np.testing.assert_allclose(dx, 0.5 * np.array([3, 4]) + (1.5 + 10) * 2 * x.numpy())
        np.testing.assert_allclose(dy, 1.5 * 7)


def test_penalties_and_what_is_not_shared_move_no_weight():
    x, y = tf.Variable([1.0, -2.0]), tf.Variable(1.0)
    found = []
    for penalty, factor in ((0.0, 1.0), (100.0, 1.0), (0.0, 1000.0)):

        def terms(variables, factor=factor):
            a, b = two_terms(variables).values()
            return {"a": a, "b": b + (factor - 1) * 7 * (variables[1] - 1)}

        balance, _ = measured([x], terms, [x, y], penalty)
        found.append(balance.loss_weights.numpy())
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_the_norm_is_that_of_all_shared_kernels_together():
    x, y = tf.Variable([0.0]), tf.Variable([0.0])
    balance = balance_of(("a", "b"))
    with tf.GradientTape(persistent=True) as tape:
        terms = {"a": 1 + tf.reduce_sum(3 * x + 4 * y), "b": 1 + tf.reduce_sum(2 * y)}
        loss = balance(terms)
    balance.gradients(tape, terms, loss, [x, y], [x, y])
    # Adam's second moment holds the squared slope: sizes 5 and 2 lie on both sides of their mean.
    np.testing.assert_allclose(balance.slopes_square, [0.001 * 25, 0.001 * 4], rtol=1e-4)
    assert balance.loss_weights.numpy()[0] < 1 < balance.loss_weights.numpy()[1]


def test_where_nothing_is_shared_it_says_so():
    x, y = tf.Variable([1.0, -2.0]), tf.Variable(1.0)
    with pytest.raises(ValueError, match="gradnorm compares gradients in kernels that several"):
        measured([], two_terms, [x, y])


def test_the_optimizer_of_the_model_sees_no_weight_of_it():
    assert balance_of().trainable_variables == []


def test_its_current_weights_are_those_it_has():
    balance = balance_of()
    balance.loss_weights.assign([0.5, 1.0, 1.5])
    found = balance.current_weights(["ctcvr", "ctr"])
    assert {name: float(weight) for name, weight in found.items()} == {"ctcvr": 1.5, "ctr": 0.5}


def toy(balance, steps=100, inputs=20, outputs=10):
    """Returns the sum of L_i / L_i(0) in the paper's first experiment, smaller.

    f_i(x) = sigma_i tanh((B + e_i) x), with sigma 1 and 100; four shared layers, a linear layer
    for each task, least squares.
    """
    tf.keras.utils.set_random_seed(1)
    random = np.random.default_rng(1)
    base = random.normal(0, np.sqrt(10), (inputs, outputs))
    own = random.normal(0, np.sqrt(3.5), (2, inputs, outputs))
    matrices = tf.unstack(tf.constant((base + own) / np.sqrt(inputs), tf.float32))
    trunk = tf.keras.Sequential([tf.keras.layers.Dense(30, "relu") for _ in range(4)])
    towers = [tf.keras.layers.Dense(outputs) for _ in range(2)]

    def terms(x):
        hidden = trunk(x)
        return {
            f"sigma_{sigma}": tf.reduce_mean((tower(hidden) - sigma * tf.tanh(x @ matrix)) ** 2)
            for tower, matrix, sigma in zip(towers, matrices, (1, 100), strict=True)
        }

    test = tf.random.normal([500, inputs])
    start = terms(test)
    balance(start)
    variables = [v for part in (trunk, *towers) for v in part.trainable_variables]
    optimizer = tf.keras.optimizers.legacy.Adam(0.003)

    @tf.function
    def step():
        with tf.GradientTape(persistent=True) as tape:
            found = terms(tf.random.normal([64, inputs]))
            loss = balance(found)
        shared = [trunk.layers[-1].kernel]
        gradients = balance.gradients(tape, found, loss, variables, shared)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    for _ in range(steps):
        step()
    end = terms(test)
    return sum(float(end[name] / start[name]) for name in end)


def test_in_the_papers_toy_it_beats_equal_weights():
    assert toy(GradNorm(options.GradNorm())) < 0.6 * toy(Fixed(options.Fixed()))
