"""How many values a vocabulary would not know, from counts of values that are added up in parts.

A vocabulary is cut off at a count and a size. Both need no values, only how many of them have which
count: so values are dealt out by hash, every part is added up by itself, and what is left of it are
a few numbers a distinct count. Among the values of the count at which `max_size` cuts, some are in
and some are not; they are taken to be as frequent as each other in the span that is looked at.
"""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from components.span_statistics.summary import Unseen
from schemas.features import Vocabulary

Numbers = npt.NDArray[np.number]


@dataclasses.dataclass(frozen=True)
class Values:
    """How often values stand in some rows.

    Attributes:
        hashes: int64 [V], one a value.
        rows: [V], how many.
        weights: [V], their weights.
    """

    hashes: npt.NDArray[np.int64]
    rows: Numbers
    weights: Numbers


@dataclasses.dataclass(frozen=True)
class Counts:
    """Of the values that stand so often in the spans of a vocabulary, how often in another span.

    Attributes:
        count: [C] distinct, ascending; the first may be 0.
        values: [C], how many values have it.
        rows: [C], in how many rows of the other span they stand.
        weights: [C], the weights of those.
    """

    count: Numbers
    values: Numbers
    rows: Numbers
    weights: Numbers


def count_values(hashes: npt.NDArray[np.int64], weights: Numbers) -> Values:
    """Returns how often each value stands in rows of these weights."""
    distinct, which = np.unique(hashes, return_inverse=True)
    rows = np.bincount(which, minlength=len(distinct))
    return Values(distinct, rows, np.bincount(which, weights, len(distinct)))


def deal(values: Values, parts: int) -> list[Values]:
    """Returns the values of each part."""
    part = values.hashes % parts
    return [
        Values(values.hashes[part == i], values.rows[part == i], values.weights[part == i])
        for i in range(parts)
    ]


def compare(found: Iterable[tuple[str, Values]], known: Sequence[str], span: str) -> Counts:
    """Returns how often the values of a part stand in a span, by how often they do in others.

    Args:
        found: spans and what of them is in the part.
        known: the spans of the vocabulary.
        span: the other one.
    """
    kept = [(of, values) for of, values in found if of in known or of == span]
    if not kept:
        return Counts(*np.zeros((4, 0)))
    distinct, which = np.unique(
        np.concatenate([values.hashes for _, values in kept]), return_inverse=True
    )
    sizes = [len(values.hashes) for _, values in kept]
    here = np.repeat([of == span for of, _ in kept], sizes)
    rows = np.concatenate([values.rows for _, values in kept])
    weights = np.concatenate([values.weights for _, values in kept])
    size = len(distinct)
    counts = np.bincount(which, np.where(here, 0.0, rows), size)
    rows = np.bincount(which, np.where(here, rows, 0.0), size)
    weights = np.bincount(which, np.where(here, weights, 0.0), size)
    return _by_count(counts, np.ones(size), rows, weights)


def add(parts: Iterable[Counts]) -> Counts:
    """Returns the counts of all parts; no value is in two."""
    fields = [field.name for field in dataclasses.fields(Counts)]
    told = list(parts)
    return _by_count(
        *(np.concatenate([np.zeros(0), *(getattr(part, name) for part in told)]) for name in fields)
    )


def unseen(counts: Counts, vocabulary: Vocabulary) -> Unseen | None:
    """Returns the share of values that the vocabulary does not know; None where no row has one."""
    if not counts.weights.sum():
        return None
    eligible = counts.count >= vocabulary.min_count
    values = np.where(eligible, counts.values, 0.0)
    # The commonest first: how many of each count still find room.
    above = values[::-1].cumsum()[::-1] - values
    room = np.clip(vocabulary.max_size - above, 0.0, values)
    inside = np.divide(room, values, out=np.zeros_like(room), where=values > 0)
    share = 1.0 - float(inside @ counts.weights / counts.weights.sum())
    return Unseen(share=max(share, 0.0), rows=int(counts.rows.sum()))


def _by_count(counts: Numbers, *columns: Numbers) -> Counts:
    distinct, which = np.unique(counts, return_inverse=True)
    return Counts(distinct, *(np.bincount(which, column, len(distinct)) for column in columns))
