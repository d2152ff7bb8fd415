import numpy as np
import pytest
import tensorflow as tf

from models.embedding import PackedEmbedding, masked_mean
from schemas.features import Categorical, Numeric, Sequence
from schemas.layout import make_layout

FEATURES = {
    "user": Categorical(kind="categorical", side="user", hash=5, width=4),
    "item": Categorical(kind="categorical", side="item", hash=7, width=4),
    "hour": Categorical(kind="categorical", side="context", hash=3, width=2),
    "last_item": Categorical(kind="categorical", side="user", shares="item"),
    "items": Sequence(kind="sequence", side="user", shares="item", max_length=3),
    "hours": Sequence(kind="sequence", side="user", shares="hour", max_length=2),
    "price": Numeric(kind="numeric", side="item"),
}
LAYOUT = make_layout(FEATURES)
ITEM = LAYOUT.tables["item"].offset
INPUTS = {
    "ids_4": tf.constant([[1, ITEM + 2, ITEM + 7], [0, ITEM, ITEM + 2]], tf.int64),
    "ids_2": tf.constant([[3], [0]], tf.int64),
    "sequence_items": tf.constant([[ITEM + 1, ITEM + 3, ITEM], [ITEM, ITEM, ITEM]], tf.int64),
    "sequence_hours": tf.constant([[2, 0], [1, 3]], tf.int64),
    "dense": tf.constant([[0.5], [-1.5]]),
}


@pytest.fixture
def embedding():
    tf.keras.utils.set_random_seed(1)
    layer = PackedEmbedding(LAYOUT)
    layer(INPUTS)
    return layer


def test_vectors_lie_in_layout_order_then_pooled_sequences_then_numbers(embedding):
    wide, narrow = (embedding.tables[name].numpy() for name in ("table_4", "table_2"))
    expected = np.concatenate(
        [
            [*narrow[3], *wide[1], *wide[ITEM + 2], *wide[ITEM + 7]],
            (wide[ITEM + 1] + wide[ITEM + 3]) / 2,
            narrow[2],
            [0.5],
        ]
    )
    np.testing.assert_allclose(embedding(INPUTS).flat()[0], expected, rtol=1e-6)


def test_an_empty_sequence_is_the_zero_vector(embedding):
    vectors = embedding(INPUTS)
    pooled = masked_mean(vectors.sequences["items"], vectors.masks["items"])
    np.testing.assert_array_equal(pooled[1], np.zeros(4))


def test_a_mask_tells_padding_from_elements(embedding):
    masks = embedding(INPUTS).masks
    assert masks["items"].numpy().tolist() == [[True, True, False], [False] * 3]
    assert masks["hours"].numpy().tolist() == [[True, False], [True, True]]


def test_a_table_is_one_variable_per_width_and_holds_every_row(embedding):
    shapes = {name: tuple(table.shape) for name, table in embedding.tables.items()}
    assert shapes == {"table_2": (4, 2), "table_4": (6 + 8, 4)}
    assert len(embedding.trainable_variables) == 2


def test_a_width_is_looked_up_in_one_gather():
    layer = PackedEmbedding(LAYOUT)
    layer(INPUTS)
    graph = tf.function(lambda inputs: layer(inputs).flat()).get_concrete_function(INPUTS).graph
    assert [op.type for op in graph.get_operations()].count("ResourceGather") == 2


def test_gradients_of_the_tables_are_sparse(embedding):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(embedding(INPUTS).flat() ** 2)
    for gradient in tape.gradient(loss, embedding.trainable_variables):
        assert isinstance(gradient, tf.IndexedSlices)


def test_padding_does_not_move_row_zero(embedding):
    with tf.GradientTape() as tape:
        vectors = embedding(INPUTS)
        loss = tf.reduce_sum(masked_mean(vectors.sequences["items"], vectors.masks["items"]))
    table = embedding.tables["table_4"]
    dense = tf.convert_to_tensor(tape.gradient(loss, table)).numpy()
    np.testing.assert_array_equal(dense[ITEM], np.zeros(4))
    np.testing.assert_allclose(dense[ITEM + 1], np.full(4, 0.5))


def test_the_seed_alone_decides_the_tables_and_no_two_tables_are_equal():
    features = {
        "a": Categorical(kind="categorical", side="user", hash=3, width=2),
        "b": Categorical(kind="categorical", side="user", hash=3, width=2),
        "c": Categorical(kind="categorical", side="user", hash=7, width=3),
    }
    layout = make_layout(features)
    inputs = {"ids_2": tf.zeros([1, 2], tf.int64), "ids_3": tf.zeros([1, 1], tf.int64)}

    def tables(seed):
        tf.keras.utils.set_random_seed(seed)
        layer = PackedEmbedding(layout)
        layer(inputs)
        return [table.numpy() for table in layer.tables.values()]

    first, again, other = tables(1), tables(1), tables(2)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0][:4], first[0][4:])  # a and b
    assert not np.array_equal(first[0][:8, 0], first[1][:, 0])  # widths 2 and 3
    assert 0.02 < first[0].std() < 0.04
    assert np.abs(first[0]).max() <= 0.05


def test_a_layout_without_ids_is_its_numbers():
    layout = make_layout({"price": Numeric(kind="numeric", side="item")})
    vectors = PackedEmbedding(layout)({"dense": tf.constant([[2.0]])})
    assert vectors.flat().numpy().tolist() == [[2.0]]


def test_a_layout_without_numbers_is_its_vectors():
    layout = make_layout({"user": FEATURES["user"]})
    vectors = PackedEmbedding(layout)({"ids_4": tf.constant([[1], [2]], tf.int64)})
    assert vectors.dense is None
    assert vectors.flat().shape == (2, 4)
