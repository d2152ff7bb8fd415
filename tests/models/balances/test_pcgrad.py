import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models import options
from models.balances.pcgrad import PcGrad, dot_products, project

IDS = [[1, 4], [4, 4], [0, 1]]


def balance_of(*names):
    balance = PcGrad(options.PcGrad())
    balance({name: tf.constant(1.0) for name in names})
    return balance


def by_hand(vectors, orders):
    """Returns the sum of the projected vectors: the paper's algorithm 1, on the vectors."""
    total = np.zeros_like(vectors[0])
    for i, others in enumerate(orders):
        v = vectors[i].copy()
        for j in others:
            if j != i and v @ vectors[j] < 0:
                v -= v @ vectors[j] / (vectors[j] @ vectors[j]) * vectors[j]
        total += v
    return total


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 5))
def test_the_mixture_makes_what_projecting_the_vectors_makes(seed, size):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(size, 4)) * random.choice([0.01, 1, 100], (size, 1))
    orders = np.stack([random.permutation(size) for _ in range(size)])
    mixture = project(tf.constant(vectors @ vectors.T, tf.float32), tf.constant(orders))
    np.testing.assert_allclose(
        mixture.numpy() @ vectors,
        by_hand(vectors, orders),
        atol=1e-4 * np.abs(vectors).max(),
    )


@pytest.mark.parametrize(
    ("one", "other", "expected"), [(2.0, -1.0, 0.0), (2.0, 1.0, 3.0), (2.0, 0.0, 2.0)]
)
def test_opposite_gradients_come_to_nothing_and_those_that_agree_are_added(one, other, expected):
    vectors = np.array([[one], [other]], "float32")
    mixture = project(tf.constant(vectors @ vectors.T), tf.constant([[0, 1], [1, 0]]))
    np.testing.assert_array_equal(mixture.numpy() @ vectors, [expected])


class Steps:
    """A table looked up twice by the same ids, a kernel, and a penalty."""

    def __init__(self, signs=(1.0, -1.0, 0.5)):
        random = np.random.default_rng(0)
        self.table = tf.Variable(random.normal(size=(6, 2)), dtype=tf.float32)
        self.kernel = tf.Variable(random.normal(size=(4, len(signs))), dtype=tf.float32)
        self.unused = tf.Variable([1.0])
        self.variables = [self.table, self.kernel, self.unused]
        self.signs = dict(zip("abc", signs, strict=False))

    def __call__(self):
        rows = tf.gather(self.table, tf.constant(IDS))
        hidden = tf.reshape(rows, [3, 4]) + tf.concat([tf.gather(self.table, [1, 1, 2])] * 2, 1)
        logits = tf.tanh(hidden) @ self.kernel
        return {
            name: tf.reduce_mean((logits[:, i] - 2 * sign) ** 2) + sign * tf.reduce_sum(hidden)
            for i, (name, sign) in enumerate(self.signs.items())
        }

    def gradients(self, balance, penalty=0.0):
        with tf.GradientTape(persistent=True) as tape:
            terms = self()
            loss = balance(terms) + penalty * tf.reduce_sum(self.kernel**3)
        single = [tape.gradient(term, self.variables[:2]) for term in terms.values()]
        return balance.gradients(tape, terms, loss, self.variables, []), single


def flat(gradients):
    return np.concatenate([tf.convert_to_tensor(part).numpy().ravel() for part in gradients])


def test_a_step_is_that_of_the_paper_on_whole_gradients_and_tables_stay_sparse():
    steps, balance = Steps((1.0, -1.0)), balance_of("a", "b")
    found, single = steps.gradients(balance)
    assert isinstance(found[0], tf.IndexedSlices)
    assert found[2] is None
    vectors = [flat(parts) for parts in single]
    assert vectors[0] @ vectors[1] < 0
    expected = by_hand(vectors, [[1], [0]])
    np.testing.assert_allclose(flat(found[:2]), expected, rtol=1e-4, atol=1e-5)
    mixture = [float(w) for w in balance.current_weights(["a", "b"]).values()]
    np.testing.assert_allclose(np.array(mixture) @ vectors, expected, rtol=1e-4, atol=1e-5)


def test_orders_are_drawn_anew_for_each_step_and_term_and_the_seed_repeats_them():
    vectors = np.array([[1.0, 0], [-2, 2], [-1, -3]], "float32")
    x = tf.Variable([0.0, 0.0])

    def drawn(seed):
        tf.keras.utils.set_random_seed(seed)
        balance = balance_of("a", "b", "c")

        @tf.function
        def step():
            with tf.GradientTape(persistent=True) as tape:
                terms = {name: tf.reduce_sum(x * v) for name, v in zip("abc", vectors, strict=True)}
                loss = balance(terms)
            return balance.gradients(tape, terms, loss, [x], [])[0]

        return np.stack([step().numpy() for _ in range(50)])

    possible = np.stack(
        [
            by_hand(vectors, orders)
            for orders in itertools.product(itertools.permutations(range(3)), repeat=3)
        ]
    )
    first = drawn(3)
    nearest = np.abs(first[:, None] - possible).max(2)
    assert nearest.min(1).max() < 1e-5
    distinct = np.unique(np.round(possible, 3), axis=0)
    assert len(np.unique(np.round(first, 3), axis=0)) == len(distinct) > 3
    np.testing.assert_array_equal(first, drawn(3))
    assert not np.array_equal(first, drawn(4))


def test_penalties_are_added_as_they_are():
    steps = Steps((1.0, -1.0))
    plain, _ = steps.gradients(balance_of("a", "b"))
    more, _ = steps.gradients(balance_of("a", "b"), penalty=50.0)
    added = 50 * 3 * steps.kernel.numpy() ** 2
    np.testing.assert_allclose(more[1] - plain[1], added, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(more[0].values, plain[0].values, rtol=1e-5, atol=1e-5)


def test_one_term_has_its_plain_gradient():
    steps = Steps((1.0,))
    found, single = steps.gradients(balance_of("a"))
    np.testing.assert_allclose(flat(found[:2]), flat(single[0]), rtol=1e-6)


def test_a_term_without_rows_leaves_the_others_as_they_are():
    x = tf.Variable([1.0, 2.0])
    balance = balance_of("a", "b")
    with tf.GradientTape(persistent=True) as tape:
        terms = {"a": tf.reduce_sum(x), "b": tf.constant(0.0) * tf.reduce_sum(x)}
        loss = balance(terms)
    np.testing.assert_array_equal(balance.gradients(tape, terms, loss, [x], [])[0], [1, 1])


def test_dot_products_add_up_the_slices_of_an_id_before_they_are_squared():
    shape = tf.constant([9, 2], tf.int64)

    def slices(indices, values):
        return tf.IndexedSlices(tf.constant(values), tf.constant(indices, tf.int64), shape)

    one = slices([5, 2, 5], [[1.0, 0], [0, 3], [1, 0]])  # row 5: (2, 0), row 2: (0, 3)
    two = slices([2, 7], [[1.0, -1], [5, 5]])  # row 2: (1, -1), row 7: (5, 5)
    found = dot_products([[one, tf.constant([1.0])], [two, tf.constant([2.0])], [None, None]])
    np.testing.assert_allclose(found, [[13 + 1, -3 + 2, 0], [-3 + 2, 52 + 4, 0], [0, 0, 0]])


def test_slices_and_a_dense_gradient_of_one_variable_meet_as_dense_ones():
    sparse = tf.IndexedSlices(tf.constant([[2.0]]), tf.constant([1]), tf.constant([3, 1]))
    dense = tf.constant([[1.0], [3], [5]])
    np.testing.assert_allclose(dot_products([[sparse], [dense]]), [[4, 6], [6, 35]])


def test_no_table_is_made_dense():
    rows = 10**7

    def slices(indices):
        return tf.IndexedSlices(tf.ones([2, 64]), indices, tf.constant([rows, 64], tf.int64))

    @tf.function
    def dots():
        return dot_products([[slices([1, rows - 1])], [slices([rows - 1, 3])]])

    np.testing.assert_allclose(dots(), [[128, 64], [64, 128]])
    graph = dots.get_concrete_function().graph
    shapes = [out.shape for op in graph.get_operations() for out in op.outputs]
    assert all(shape.rank is None or rows not in shape.as_list() for shape in shapes)
