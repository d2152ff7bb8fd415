"""Examples -> how many rows and events of every head there are, by item and over all."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from components.log_example_gen.decode import Columns, present, read_columns
from components.popularity.settings import PopularitySettings
from evaluation.populations import counted
from schemas.heads import outputs

# The commonest items have rates of their own; the others have the rate over all.
MOST_ITEMS = 1_000_000
ITEM, SHOWN = "item", "shown"
# Of each head: rows that count, their weight, weighted label and weighted squared label.
SUMS = ("rows", "weight", "events", "squares")
_AT_ONCE = 1_000_000  # rows that are added up together


@dataclasses.dataclass(frozen=True)
class Counts:
    """What was counted of some examples.

    Attributes:
        overall: [H, 4], SUMS of each head over all rows.
        items: column ITEM, distinct; SHOWN, the item's rows; and for each head h and sum s
            `h:s`. Empty where no item is configured.
    """

    overall: npt.NDArray[np.float64]
    items: pa.Table


def column(head: str, name: str) -> str:
    """Returns the column of `Counts.items` with a sum of a head."""
    return f"{head}:{name}"


def merge(parts: Sequence[Counts], most: int = MOST_ITEMS) -> Counts:
    """Returns the counts of all parts, at least one; of items the commonest.

    An item is lost only where more than `most` others are commoner in what is merged.
    """
    tables = pa.concat_tables([part.items for part in parts])
    names = [name for name in tables.column_names if name != ITEM]
    items = tables.group_by(ITEM).aggregate([(name, "sum") for name in names])
    items = items.select([ITEM, *(f"{name}_sum" for name in names)]).rename_columns([ITEM, *names])
    items = items.sort_by([(SHOWN, "descending"), (ITEM, "ascending")]).slice(0, most)
    return Counts(np.sum([part.overall for part in parts], axis=0), items.combine_chunks())


class CountShard(beam.DoFn):
    """Path of a shard of examples -> Counts.

    Args:
        settings: which rows count, and the item's column.
    """

    def __init__(self, settings: PopularitySettings):
        super().__init__()
        self._settings = settings
        self._heads = [output for output in outputs(settings.heads) if len(output.heads) == 1]

    def process(self, element: str) -> Iterator[Counts]:
        """Counts one shard."""
        settings, waiting, rows = self._settings, list[Counts](), 0
        names = {*settings.outcomes(), *filter(None, [settings.item])}
        for columns in read_columns([element], settings.columns, names):
            waiting.append(self._count(columns))
            rows += waiting[-1].items.num_rows
            if rows > _AT_ONCE:
                waiting = [merge(waiting)]
                rows = 0
        if waiting:
            yield merge(waiting)

    def _count(self, columns: Columns) -> Counts:
        sums: dict[str, npt.NDArray[np.float64]] = {}
        for output in self._heads:
            found = counted(output, self._settings.heads, columns.numbers)
            weight = np.where(found.kept, found.weight, 0.0)
            label = np.where(found.kept, found.label, 0.0)
            every = found.kept.astype(np.float64), weight, weight * label, weight * label**2
            sums |= {column(output.name, s): v for s, v in zip(SUMS, every, strict=True)}
        overall = np.array([each.sum() for each in sums.values()]).reshape(-1, len(SUMS))
        rows = len(columns.serialized)
        named = np.zeros(rows, bool)
        texts = tf.zeros([0], tf.string)
        if self._settings.item is not None:
            item = columns.texts[self._settings.item]
            named = present(item).numpy()
            texts = tf.boolean_mask(item, named)
        shown = np.ones(int(named.sum()), np.int64)
        data = {ITEM: pa.array(texts.numpy(), pa.large_binary()), SHOWN: shown}
        return Counts(overall, pa.table({**data, **{n: v[named] for n, v in sums.items()}}))


class AddUp(beam.CombineFn):
    """Counts of shards -> Counts of all, or None of nothing."""

    _PARTS = 8

    def create_accumulator(self) -> list[Counts]:
        """Returns nothing yet."""
        return []

    def add_input(self, mutable_accumulator: list[Counts], element: Counts) -> list[Counts]:
        """Keeps the counts of a shard; of several, their sum."""
        return self._short([*mutable_accumulator, element])

    def merge_accumulators(self, accumulators: Iterable[list[Counts]]) -> list[Counts]:
        """Keeps what was counted apart."""
        found: list[Counts] = []
        for part in accumulators:
            found = self._short([*found, *part])
        return found

    def extract_output(self, accumulator: list[Counts]) -> Counts | None:
        """Returns the sum."""
        return merge(accumulator) if accumulator else None

    def _short(self, parts: list[Counts]) -> list[Counts]:
        return [merge(parts)] if len(parts) > self._PARTS else parts
