"""A request to rank against the batch that says the same: each candidate with its user."""

import numpy as np
import pytest
import tensorflow as tf

from models.embedding import PackedEmbedding
from models.sided import whole
from models.sided_embedded import SidedPacked
from schemas.features import Categorical, Numeric, Sequence
from schemas.layout import make_layout

FEATURES = {
    "user": Categorical(kind="categorical", side="user", hash=20, width=4),
    "item": Categorical(kind="categorical", side="item", hash=30, width=4),
    "device": Categorical(kind="categorical", side="context", hash=9, width=4),
    "seen": Sequence(kind="sequence", side="user", shares="item", max_length=3),
    "price": Numeric(kind="numeric", side="item"),
    "hour": Numeric(kind="numeric", side="context"),
    "like": Sequence(kind="sequence", side="item", shares="item", max_length=2),
    "city": Categorical(kind="categorical", side="user", hash=5, width=2),
}
LAYOUT = make_layout(FEATURES)
SHARED = LAYOUT.only([name for name, feature in FEATURES.items() if feature.side != "item"])
EACH = LAYOUT.only([name for name, feature in FEATURES.items() if feature.side == "item"])
ROWS = 5


@pytest.fixture
def both():
    """The embedded features of a request, and those of its batch."""
    random = np.random.default_rng(1)
    item, device = (LAYOUT.tables[name].offset for name in ("item", "device"))
    items = item + random.integers(0, 31, ROWS)
    batch = {
        "ids_4": np.stack([np.full(ROWS, 7), items, np.full(ROWS, device + 2)], 1),
        "ids_2": np.full((ROWS, 1), 3),
        "sequence_seen": np.tile(item + np.array([4, 9, 0]), (ROWS, 1)),
        "sequence_like": item + random.integers(0, 31, (ROWS, 2)),
        "dense": np.stack([random.normal(size=ROWS), np.full(ROWS, 0.5)], 1).astype(np.float32),
    }
    packed = SidedPacked(
        {
            "ids_4": tf.constant(batch["ids_4"][:1, [0, 2]]),
            "ids_2": tf.constant(batch["ids_2"][:1]),
            "sequence_seen": tf.constant(batch["sequence_seen"][:1]),
            "dense": tf.constant(batch["dense"][:1, 1:]),
        },
        {
            "ids_4": tf.constant(batch["ids_4"][:, 1:2]),
            "sequence_like": tf.constant(batch["sequence_like"]),
            "dense": tf.constant(batch["dense"][:, :1]),
        },
        (SHARED, EACH),
        tf.constant(ROWS),
    )
    embedding = PackedEmbedding(LAYOUT, linear=2)
    embedding({name: tf.constant(values) for name, values in batch.items()})  # makes the tables
    for table in (*embedding.tables.values(), embedding.linear_kernel):
        table.assign(random.normal(size=table.shape))
    expected = embedding({name: tf.constant(values) for name, values in batch.items()})
    return embedding(packed), expected


def test_vectors_of_a_request_are_those_of_its_batch(both):
    found, expected = both
    for width in (2, 4):
        np.testing.assert_array_equal(found.fields[width], expected.fields[width])
    np.testing.assert_array_equal(found.dense, expected.dense)
    np.testing.assert_allclose(found.linear, expected.linear, atol=1e-6)
    np.testing.assert_allclose(whole(found.flat()), expected.flat(), atol=1e-6)


def test_what_candidates_share_is_looked_up_once(both):
    found, expected = both
    assert found.sequences["seen"].shape == (1, 3, 4)
    assert found.flat().shared.shape == (1, 4 + 4 + 2 + 4 + 1)  # user, device, city, seen, hour
    for name, mean in found.pooled().items():
        np.testing.assert_allclose(mean, expected.pooled()[name], atol=1e-6)


def test_a_sequence_seen_from_each_candidate_is_its_own(both):
    found, expected = both
    seen = {"seen": tf.random.normal([ROWS, 4]), "like": tf.random.normal([ROWS, 4])}
    np.testing.assert_allclose(whole(found.flat(seen)), expected.flat(seen), atol=1e-6)
    assert found.flat(seen).shared.shape == (1, 4 + 4 + 2 + 1)
