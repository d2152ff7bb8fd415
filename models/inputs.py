"""Transformed files to batches of packed tensors."""

from collections.abc import Sequence

import tensorflow as tf

from schemas.layout import GROUP, LABELS, Layout

_READERS = 4


def packed_spec(layout: Layout, num_labels: int) -> dict[str, tf.io.FixedLenFeature]:
    """Returns how a transformed example parses: every packed tensor has a fixed length."""
    spec = input_spec(layout)
    if layout.position is not None:
        spec |= input_spec(layout.position)
    if layout.group:
        spec[GROUP] = tf.io.FixedLenFeature([1], tf.int64)
    spec[LABELS] = tf.io.FixedLenFeature([num_labels], tf.float32)
    return spec


def input_spec(layout: Layout) -> dict[str, tf.io.FixedLenFeature]:
    """Returns how the part parses that is known when a model is asked."""
    spec = {
        layout.ids_name(width): tf.io.FixedLenFeature([len(lookups)], tf.int64)
        for width, lookups in layout.lookups.items()
    }
    for name, (_, length) in layout.sequences.items():
        spec[layout.sequence_name(name)] = tf.io.FixedLenFeature([length], tf.int64)
    if layout.dense:
        spec[layout.dense_name()] = tf.io.FixedLenFeature([len(layout.dense)], tf.float32)
    return spec


def _records(files: Sequence[str]) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(list(files)).interleave(
        lambda file: tf.data.TFRecordDataset(file, compression_type="GZIP"),
        cycle_length=_READERS,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )


def shuffled(files: Sequence[str], buffer: int, seed: int) -> tf.data.Dataset:
    """Returns the serialized examples of `files` in an order that the seed alone decides.

    Args:
        files: gzipped TFRecords.
        buffer: examples held in memory, of which a random one comes next.
        seed: of the order of the files and of the examples.
    """
    ordered = tf.constant(sorted(files))
    order = tf.random.experimental.stateless_shuffle(ordered, seed=[seed, 0])
    return _records([name.decode() for name in order.numpy()]).shuffle(buffer, seed=seed)


def in_order(files: Sequence[str]) -> tf.data.Dataset:
    """Returns the serialized examples of `files`, in an order that never changes."""
    return _records(sorted(files))


def batched(
    records: tf.data.Dataset, layout: Layout, num_labels: int, batch_size: int, skip: int = 0
) -> tf.data.Dataset:
    """Returns batches of (packed tensors, labels [B, K]).

    Args:
        records: serialized transformed examples.
        layout: of the packed tensors.
        num_labels: K, the columns that teach.
        batch_size: B; the last batch may be smaller.
        skip: how many batches to leave out at the start, unparsed.
    """
    spec = packed_spec(layout, num_labels)

    def parse(serialized: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        features = tf.io.parse_example(serialized, spec)
        labels = features.pop(LABELS)
        return features, labels

    return (
        records.batch(batch_size, num_parallel_calls=tf.data.AUTOTUNE)
        .skip(skip)
        .map(parse, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .prefetch(tf.data.AUTOTUNE)
    )
