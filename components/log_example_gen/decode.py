"""Serialized tf.Examples -> columns, a batch at a time: the way back from `encode`."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas.columns import Column

ABSENT = b"\0"
_MOST = 2**63 - 1
_NO_INT = np.iinfo(np.int64).min


@dataclasses.dataclass(frozen=True)
class Columns:
    """Some columns of some examples.

    Attributes:
        serialized: string [N], the examples.
        texts: string [N] by name, of columns of text; ABSENT where there is no value.
        numbers: float64 [N] by name: numbers, NaN where there is none, and of columns of lists
            how many values each has.
    """

    serialized: tf.Tensor
    texts: Mapping[str, tf.Tensor]
    numbers: Mapping[str, npt.NDArray[np.float64]]


def read_columns(
    paths: Sequence[str], columns: Collection[Column], names: Collection[str], rows: int = 8192
) -> Iterator[Columns]:
    """Yields the examples of some files, `rows` at a time, and some of their columns.

    Args:
        paths: of gzipped TFRecords.
        columns: of an example.
        names: of the columns that are wanted; others are not parsed.
        rows: of a batch.
    """
    wanted = {column.name: column for column in columns if column.name in names}
    specs = {name: _spec(column) for name, column in wanted.items()}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        parsed = tf.io.parse_example(serialized, specs) if specs else {}
        return {
            name: parsed[name].row_lengths() if column.repeated else parsed[name]
            for name, column in wanted.items()
        }

    data = tf.data.TFRecordDataset(list(paths), compression_type="GZIP").batch(rows).prefetch(1)
    for serialized in data:
        parsed = parse(serialized)
        texts = {name: value for name, value in parsed.items() if value.dtype == tf.string}
        numbers = {name: _numbers(parsed[name]) for name in wanted if name not in texts}
        yield Columns(serialized, texts, numbers)


def hashes(texts: tf.Tensor) -> npt.NDArray[np.int64]:
    """Returns int64 [N], from 0 on: FarmHash of each text, the same in every process and release.

    Args:
        texts: string [N].
    """
    found: npt.NDArray[np.int64] = tf.strings.to_hash_bucket_fast(texts, _MOST).numpy()
    return found


def present(texts: tf.Tensor) -> tf.Tensor:
    """Returns bool [N]: whether there is a text; as a name, an empty one is none."""
    return (texts != ABSENT) & (texts != b"")


def _spec(column: Column) -> tf.io.RaggedFeature | tf.io.FixedLenFeature:
    kind, absent = {
        "text": (tf.string, ABSENT),
        "float": (tf.float32, float("nan")),
        "int": (tf.int64, _NO_INT),
    }[column.type]
    if column.repeated:
        return tf.io.RaggedFeature(kind)
    return tf.io.FixedLenFeature([], kind, absent)


def _numbers(values: tf.Tensor) -> npt.NDArray[np.float64]:
    found = values.numpy()
    if found.dtype == np.int64:
        return np.where(found == _NO_INT, np.nan, found.astype(np.float64))
    return found.astype(np.float64)
