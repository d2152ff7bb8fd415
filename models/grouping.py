"""Examples in an order that keeps the rows of a group together.

A loss that compares the rows of a request or user needs them in one batch, and in shuffled data
they lie anywhere. So once, before the first epoch, `regroup` writes the examples again, each group
to one shard; each epoch then reads them shard by shard through `grouped_records`, which orders a
shard in memory. Neither holds more than a few blocks or shards, however many examples there are.
"""

import json
from collections.abc import Sequence
from contextlib import ExitStack

import tensorflow as tf

from models.removal import remove_tree
from schemas.layout import GROUP

SHARD_BYTES = 64 * 2**20
BLOCK_BYTES = 32 * 2**20
# Each is an open file while they are written. With more data than fits so many, they grow.
MOST_SHARDS = 512
STRETCH = 256
_MANIFEST = "grouped.json"
_COMPRESSION = "GZIP"


def regroup(blocks: tf.data.Dataset, directory: str, *, shard_bytes: int = SHARD_BYTES) -> int:
    """Writes examples to `directory`, all rows of a group to one shard; returns how many.

    Where that was done before, it reads nothing and writes nothing. What an interrupted call
    left is written anew.

    Args:
        blocks: of serialized transformed examples, strings [N], which have the packed tensor
            `group`. They are read twice, first to learn how many shards are needed.
        directory: where to, one for each set of examples; any path that `tf.io.gfile` knows.
        shard_bytes: about how large a shard may be, before compression.
    """
    found = f"{directory}/{_MANIFEST}"
    if tf.io.gfile.exists(found):
        return int(_manifest(directory)["examples"])
    if tf.io.gfile.exists(directory):
        remove_tree(directory)
    tf.io.gfile.makedirs(directory)
    examples, size = _measure(blocks)
    mean = max(1, -(-size // max(1, examples)))
    shards = min(MOST_SHARDS, max(1, -(-size // shard_bytes)))
    rows = max(1, BLOCK_BYTES // mean)
    _write(blocks.rebatch(rows), [_shard(directory, i) for i in range(shards)])
    manifest = {
        "examples": examples,
        "shards": shards,
        # Twice what a shard has on average. Of one that is larger, so many are ordered at a time.
        "rows": max(1, 2 * -(-examples // shards)),
    }
    with tf.io.gfile.GFile(f"{found}.part", "w") as file:
        file.write(json.dumps(manifest))
    tf.io.gfile.rename(f"{found}.part", found)  # last: where it is, all is there
    return examples


def grouped_records(directory: str, seed: int, *, stretch: int = STRETCH) -> tf.data.Dataset:
    """Returns the examples that `regroup` wrote, rows of a group one after the other.

    Each comes once. The order of the shards, of the groups in a shard and of the rows in a group
    is drawn anew for each seed, and by it alone. A group is cut into stretches, each at a random
    place of its shard, so that a user with very many rows does not fill whole batches; rows
    without a group have a place each.

    Args:
        directory: that `regroup` wrote to.
        seed: of the order.
        stretch: the most rows of a group that come together: a small part of a batch.

    Returns:
        Blocks of serialized examples, strings [N].
    """
    manifest = _manifest(directory)
    order = tf.random.experimental.stateless_shuffle(tf.range(manifest["shards"]), [seed, 0])
    shards = [_shard(directory, int(i)) for i in order]

    def rows(shard: tf.Tensor) -> tf.data.Dataset:
        pieces = tf.data.TFRecordDataset(shard, _COMPRESSION)
        pieces = pieces.map(lambda piece: tf.io.parse_tensor(piece, tf.string))
        return pieces.map(lambda piece: tf.ensure_shape(piece, [None])).rebatch(manifest["rows"])

    def ordered(number: tf.Tensor, records: tf.Tensor) -> tf.Tensor:
        seeds = tf.stack([tf.constant(seed, tf.int64), number + 1])
        return tf.gather(records, places(_groups(records), seeds, stretch))

    whole = tf.data.Dataset.from_tensor_slices(shards).flat_map(rows)
    return whole.enumerate().map(ordered).prefetch(1)


def places(groups: tf.Tensor, seed: tf.Tensor, stretch: int) -> tf.Tensor:
    """Returns the rows in a random order that keeps groups together, int32 [N].

    Args:
        groups: int64 [N], negative for none.
        seed: int64 [2].
        stretch: the most rows of a group that come together.
    """
    rows = tf.range(tf.size(groups))
    own = tf.where(groups < 0, -1 - tf.cast(rows, tf.int64), groups)  # without a group: alone
    drawn = tf.random.experimental.stateless_shuffle(rows, seed)
    drawn = tf.gather(drawn, tf.argsort(tf.gather(own, drawn), stable=True))
    own = tf.gather(own, drawn)
    first = tf.concat([[True], tf.not_equal(own[1:], own[:-1])], axis=0)
    starts = tf.where(first)[:, 0]
    nth = rows - tf.cast(tf.gather(starts, _numbers(first)), tf.int32)
    stretches = _numbers(tf.equal(nth % stretch, 0))
    other = seed + tf.constant([0, 2**32], tf.int64)  # a draw that has no part in the first
    lots = tf.random.experimental.stateless_shuffle(tf.range(stretches[-1] + 1), other)
    return tf.gather(drawn, tf.argsort(tf.gather(lots, stretches), stable=True))


def _numbers(first: tf.Tensor) -> tf.Tensor:
    """Returns the number, from 0, of the run that each row is in, of where runs start; [N]."""
    return tf.cumsum(tf.cast(first, tf.int32)) - 1


def _groups(records: tf.Tensor) -> tf.Tensor:
    """Returns the group of each serialized example, int64 [N]."""
    spec = {GROUP: tf.io.FixedLenFeature([1], tf.int64)}
    return tf.io.parse_example(records, spec)[GROUP][:, 0]


def _measure(blocks: tf.data.Dataset) -> tuple[int, int]:
    """Returns how many records there are, and their bytes."""
    sizes = blocks.map(
        lambda block: tf.stack([tf.size(block), tf.reduce_sum(tf.strings.length(block))])
    )
    total = sizes.reduce(tf.zeros(2, tf.int64), lambda sum_, one: sum_ + tf.cast(one, tf.int64))
    return int(total[0]), int(total[1])


def _write(blocks: tf.data.Dataset, shards: Sequence[str]) -> None:
    """Writes each row to the shard of its group; a row without one to that of its content."""
    count = len(shards)

    def split(records: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        groups = _groups(records)
        keys = tf.where(groups < 0, records, tf.strings.as_string(groups))
        owners = tf.cast(tf.strings.to_hash_bucket_fast(keys, count), tf.int32)
        sizes = tf.math.bincount(owners, minlength=count)
        return tf.gather(records, tf.argsort(owners, stable=True)), sizes

    with ExitStack() as stack:
        writers = [
            stack.enter_context(tf.io.TFRecordWriter(shard, _COMPRESSION)) for shard in shards
        ]
        for records, sizes in blocks.map(split).prefetch(1):
            # One entry holds all rows of the block that go there: a call per shard, not per row.
            for writer, part in zip(writers, tf.split(records, sizes), strict=True):
                if tf.size(part) > 0:
                    writer.write(tf.io.serialize_tensor(part).numpy())


def _shard(directory: str, number: int) -> str:
    return f"{directory}/shard-{number:05d}.gz"


def _manifest(directory: str) -> dict[str, int]:
    with tf.io.gfile.GFile(f"{directory}/{_MANIFEST}") as file:
        found: dict[str, int] = json.load(file)
    return found
