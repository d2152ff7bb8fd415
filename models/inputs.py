"""Transformed files to batches of packed tensors."""

from collections.abc import Sequence

import tensorflow as tf

from schemas.layout import DENSE, LABELS, Layout, ids_name, sequence_name

SHUFFLE_BATCHES = 8
_READERS = 4


def packed_spec(layout: Layout, num_labels: int) -> dict[str, tf.io.FixedLenFeature]:
    """Returns how a transformed example parses: every packed tensor has a fixed length."""
    spec = {
        ids_name(width): tf.io.FixedLenFeature([len(lookups)], tf.int64)
        for width, lookups in layout.lookups.items()
    }
    for name, (_, length) in layout.sequences.items():
        spec[sequence_name(name)] = tf.io.FixedLenFeature([length], tf.int64)
    if layout.dense:
        spec[DENSE] = tf.io.FixedLenFeature([len(layout.dense)], tf.float32)
    spec[LABELS] = tf.io.FixedLenFeature([num_labels], tf.float32)
    return spec


def _records(files: Sequence[str]) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(list(files)).interleave(
        lambda file: tf.data.TFRecordDataset(file, compression_type="GZIP"),
        cycle_length=_READERS,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )


def count_examples(files: Sequence[str]) -> int:
    """Returns the number of records in `files`, without parsing them."""
    return int(_records(files).reduce(tf.constant(0, tf.int64), lambda count, _: count + 1))


def dataset(
    files: Sequence[str],
    layout: Layout,
    num_labels: int,
    batch_size: int,
    *,
    seed: int | None = None,
    skip_batches: int = 0,
) -> tf.data.Dataset:
    """Returns batches of (packed tensors, labels [B, H]) in an order that the seed alone decides.

    Args:
        files: gzipped TFRecords of transformed examples.
        layout: of the packed tensors.
        num_labels: H.
        batch_size: B; the last batch may be smaller.
        seed: of the shuffle; None keeps the order of the files.
        skip_batches: how many batches to leave out at the start, to resume.
    """
    spec = packed_spec(layout, num_labels)

    def parse(records: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        features = tf.io.parse_example(records, spec)
        labels = features.pop(LABELS)
        return features, labels

    ordered = sorted(files)
    records = _records(ordered)
    if seed is not None:
        order = tf.random.experimental.stateless_shuffle(tf.constant(ordered), seed=[seed, 0])
        records = _records([name.decode() for name in order.numpy()])
        records = records.shuffle(SHUFFLE_BATCHES * batch_size, seed=seed)
    return (
        records.batch(batch_size, num_parallel_calls=tf.data.AUTOTUNE)
        .skip(skip_batches)
        .map(parse, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .prefetch(tf.data.AUTOTUNE)
    )
