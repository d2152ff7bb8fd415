"""The values that rows are sliced by, and which of a feature's values get a slice of their own."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.evaluator.intervals import MISSING, intervals
from components.log_example_gen.decode import ABSENT, Columns, hashes
from evaluation.rows import Ints

# The value of all values beyond the commonest.
OTHER = "(other)"
# The commonest values of a feature, or cross, each have a slice; the others share one.
MOST_VALUES = 200
# Of so many values at most it is remembered how common they are, whatever the data.
MOST_COUNTED = 200_000
_BETWEEN = "\x1f"

Slice = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class Values:
    """Values of one slicing and how many rows have each.

    Attributes:
        codes: int64 [K], hashes of the values, ascending and distinct.
        texts: bytes [K, F], for each of the features that are crossed its value.
        rows: int64 [K].
    """

    codes: Ints
    texts: npt.NDArray[np.object_]
    rows: Ints

    def commonest(self, most: int) -> "Values":
        """Returns at most `most` of them; of equally common ones those with the least hashes."""
        if len(self.codes) <= most:
            return self
        kept = np.sort(np.lexsort((self.codes, -self.rows))[:most])
        return Values(self.codes[kept], self.texts[kept], self.rows[kept])


def merge(parts: Sequence[Values]) -> Values:
    """Returns the values of all parts, at least one, the least common beyond MOST_COUNTED left."""
    codes, first, inverse = np.unique(
        np.concatenate([part.codes for part in parts]), return_index=True, return_inverse=True
    )
    rows = np.zeros(len(codes), np.int64)
    np.add.at(rows, inverse, np.concatenate([part.rows for part in parts]))
    texts = np.concatenate([part.texts for part in parts])[first]
    return Values(codes, texts, rows).commonest(MOST_COUNTED)


def slice_values(columns: Columns, features: Sequence[str]) -> tuple[Ints, Values]:
    """Returns the value of each row as a hash, int64 [N], and the values that there are.

    Args:
        columns: with the features.
        features: whose values are crossed, at least one.
    """
    texts = [_texts(columns, name) for name in features]
    codes = hashes(texts[0] if len(texts) == 1 else tf.strings.join(texts, _BETWEEN))
    found, first, rows = np.unique(codes, return_index=True, return_counts=True)
    named = np.stack([tf.gather(text, first).numpy() for text in texts], axis=1).astype(object)
    return codes, Values(found, named, rows)


def _texts(columns: Columns, name: str) -> tf.Tensor:
    if name in columns.texts:
        texts = columns.texts[name]
        return tf.where(texts == ABSENT, MISSING, texts)
    names, places = intervals(columns.numbers[name])
    return tf.gather([*names, MISSING], places)


class MergeValues(beam.CombineFn):
    """Values of shards -> Values of all."""

    _PARTS = 8

    def create_accumulator(self) -> list[Values]:
        """Returns nothing yet."""
        return []

    def add_input(self, mutable_accumulator: list[Values], element: Values) -> list[Values]:
        """Keeps the values of a shard; of several, their sum."""
        return self._short([*mutable_accumulator, element])

    def merge_accumulators(self, accumulators: Iterable[list[Values]]) -> list[Values]:
        """Keeps what was counted apart."""
        found: list[Values] = []
        for part in accumulators:
            found = self._short([*found, *part])
        return found

    def extract_output(self, accumulator: list[Values]) -> Values:
        """Returns the sum."""
        return merge(accumulator)

    def _short(self, parts: list[Values]) -> list[Values]:
        return [merge(parts)] if len(parts) > self._PARTS else parts


@dataclasses.dataclass(frozen=True)
class Slicing:
    """The slices of one feature or cross: a slice for each value that is kept, one for the rest.

    Attributes:
        codes: int64 [K], the hashes of the kept values, ascending.
        slices: [K + 1], feature and value; the last is the rest.
    """

    codes: Ints
    slices: tuple[Slice, ...]

    def places(self, codes: Ints) -> Ints:
        """Returns int64 [N]: which of the slices each row is in.

        Args:
            codes: [N], as `slice_values` returns them.
        """
        if not len(self.codes):
            return np.zeros(len(codes), np.int64)
        found = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[found] == codes, found, len(self.codes))


def slicings(
    values: Mapping[int, Values], features: Sequence[Sequence[str]]
) -> tuple[Slicing, ...]:
    """Returns the slices of each feature or cross.

    Args:
        values: by the place among `features`, what there is in the data.
        features: what rows are sliced by.
    """
    found = []
    for number, crossed in enumerate(features):
        kept = values[number].commonest(MOST_VALUES) if number in values else None
        texts = [] if kept is None else kept.texts.tolist()
        told = [tuple(text.decode("utf-8", "replace") for text in row) for row in texts]
        found.append(
            Slicing(
                np.zeros(0, np.int64) if kept is None else kept.codes,
                tuple(_pairs(crossed, row) for row in (*told, (OTHER,) * len(crossed))),
            )
        )
    return tuple(found)


def _pairs(features: Iterable[str], values: Iterable[str]) -> Slice:
    return tuple(zip(features, values, strict=True))
