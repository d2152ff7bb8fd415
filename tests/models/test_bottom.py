from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf

from models.bottom import Bottom
from models.config import ModelConfig
from models.interactions import INTERACTIONS
from schemas.features import Categorical, Numeric, Sequence
from schemas.layout import make_layout

LAYOUT = make_layout(
    {
        "user": Categorical(kind="categorical", side="user", hash=5, width=4),
        "item": Categorical(kind="categorical", side="item", hash=7, width=4),
        "hour": Categorical(kind="categorical", side="context", hash=3, width=2),
        "items": Sequence(kind="sequence", side="user", shares="item", max_length=3),
        "price": Numeric(kind="numeric", side="item"),
    }
)
ITEM = LAYOUT.tables["item"].offset
INPUTS = {
    "ids_4": tf.constant([[1, ITEM + 2], [0, ITEM], [5, ITEM + 7]], tf.int64),
    "ids_2": tf.constant([[3], [0], [1]], tf.int64),
    "sequence_items": tf.constant(
        [[ITEM + 1, ITEM + 3, ITEM], [ITEM] * 3, [ITEM + 7, ITEM + 7, ITEM + 1]], tf.int64
    ),
    "dense": tf.constant([[0.5], [-1.5], [2.0]]),
}


@pytest.fixture(params=["float32", "mixed_bfloat16"])
def policy(request) -> Iterator[str]:
    tf.keras.mixed_precision.set_global_policy(request.param)
    yield request.param
    tf.keras.mixed_precision.set_global_policy("float32")


def make(interaction, towers=2):
    tf.keras.utils.set_random_seed(0)
    bottom = Bottom(LAYOUT, ModelConfig(interaction=interaction), towers)
    bottom(INPUTS)
    return bottom


@pytest.mark.parametrize("interaction", INTERACTIONS)
def test_rows_do_not_know_of_each_other(interaction):
    bottom = make(interaction)
    x, wide = bottom(INPUTS)
    for row in range(3):
        alone, beside = bottom({name: tensor[row : row + 1] for name, tensor in INPUTS.items()})
        np.testing.assert_allclose(alone[0], x[row], rtol=1e-5, atol=1e-7)
        if wide is not None:
            np.testing.assert_allclose(beside[0], wide[row], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("interaction", INTERACTIONS)
def test_every_weight_learns_and_tables_have_sparse_gradients(interaction, policy):
    bottom = make(interaction)
    with tf.GradientTape() as tape:
        x, wide = bottom(INPUTS)
        # squares, since of plain sums the gradient is zero where a kernel starts at zero
        loss = tf.reduce_sum(tf.cast(x, tf.float32) ** 2)
        loss += 0.0 if wide is None else tf.reduce_sum((wide - 1) ** 2)
    tables = {table.ref() for table in bottom.embedding.tables.values()}
    gradients = tape.gradient(loss, bottom.trainable_variables)
    for variable, gradient in zip(bottom.trainable_variables, gradients, strict=True):
        assert isinstance(gradient, tf.IndexedSlices) is (variable.ref() in tables), variable.name
        found = tf.convert_to_tensor(gradient).numpy()
        assert np.isfinite(found).all() and np.abs(found).max() > 0, variable.name
        assert variable.dtype == tf.float32
    assert x.dtype == (tf.float32 if policy == "float32" else tf.bfloat16)


def test_only_a_factorization_machine_goes_past_the_trunk():
    past = {name: make(name, towers=3)(INPUTS)[1] for name in INTERACTIONS}
    assert past.pop("deepfm").shape == (3, 3)
    assert set(past.values()) == {None}


def test_only_a_factorization_machine_has_first_order_weights():
    tables = {name: set(make(name).embedding.tables) for name in INTERACTIONS}
    assert tables.pop("deepfm") == {"table_2", "table_4", "linear_2", "linear_4"}
    assert all(found == {"table_2", "table_4"} for found in tables.values())


def test_logits_past_the_trunk_stay_float32_in_half_precision(policy):
    bottom = make("deepfm")
    bottom.embedding.tables["linear_2"].assign(np.full([4, 2], 1 + 2**-12))  # 1 in bfloat16
    bottom.embedding.tables["table_2"].assign(np.zeros([4, 2]))
    bottom.embedding.tables["table_4"].assign(np.zeros([14, 4]))
    _, wide = bottom(INPUTS)
    np.testing.assert_array_equal(wide, np.full([3, 2], 1 + 2**-12))


def test_towers_have_first_order_weights_of_their_own_and_share_the_pairs():
    bottom = make("deepfm")
    _, before = bottom(INPUTS)
    np.testing.assert_array_equal(before[:, 0], before[:, 1])  # weights start at zero
    linear = np.zeros([4, 2])
    linear[3, 1] = 0.25  # of hour 3, for the second tower
    bottom.embedding.tables["linear_2"].assign(linear)
    _, after = bottom(INPUTS)
    np.testing.assert_allclose(after - before, [[0, 0.25], [0, 0], [0, 0]], atol=1e-6)
