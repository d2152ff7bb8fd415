"""Slots of the packed tensors, from the features alone.

Transform writes, and the model reads, per example:

    ids_<width>       int64 [F]   row of each lookup of that width in the fused table of that width
    sequence_<name>   int64 [L]   rows of a behaviour sequence, padded at the end
    dense             float [D]   standardised numbers
    labels            float [H]   the events of the heads

All tables of one width are one variable; a table's rows start at its offset. Row 0 of every table
stands for "nothing here": a missing value, or the padding of a sequence.
"""

import dataclasses

from schemas.features import Categorical, Features, Numeric, Sequence

LABELS = "labels"
DENSE = "dense"


@dataclasses.dataclass(frozen=True)
class Table:
    """The rows `[offset, offset + rows)` of the fused table of `width` columns.

    Row 0 is "nothing here"; then come `oov` buckets for unknown values, then the known ones.
    """

    name: str
    width: int
    offset: int
    rows: int


@dataclasses.dataclass(frozen=True)
class Layout:
    """Which slot of which packed tensor is which feature.

    Attributes:
        tables: by the name of the feature that owns the table.
        lookups: per width, the (feature, table name) of each slot of `ids_<width>`.
        sequences: per sequence feature, its table name and its length L.
        dense: the feature in each slot of `dense`.
    """

    tables: dict[str, Table]
    lookups: dict[int, tuple[tuple[str, str], ...]]
    sequences: dict[str, tuple[str, int]]
    dense: tuple[str, ...]

    def rows(self, width: int) -> int:
        """Returns the rows of the fused table of `width` columns."""
        return sum(table.rows for table in self.tables.values() if table.width == width)

    def widths(self) -> tuple[int, ...]:
        """Returns the widths of the fused tables, ascending."""
        return tuple(sorted({table.width for table in self.tables.values()}))


def ids_name(width: int) -> str:
    """Returns the name of the packed tensor of rows for the tables of `width` columns."""
    return f"ids_{width}"


def sequence_name(feature: str) -> str:
    """Returns the name of the packed tensor of a sequence feature."""
    return f"sequence_{feature}"


def _rows(feature: Categorical | Numeric) -> int:
    if isinstance(feature, Numeric):
        return 1 + (feature.buckets or 0)
    if feature.vocabulary is not None:
        return 1 + feature.vocabulary.oov + feature.vocabulary.max_size
    return 1 + (feature.hash or 0)


def _owns_table(feature: Categorical | Numeric | Sequence) -> bool:
    if isinstance(feature, Numeric):
        return feature.transform == "quantiles"
    return isinstance(feature, Categorical) and feature.shares is None


DEFAULT_BUCKET_WIDTH = 16


def make_layout(features: Features) -> Layout:
    """Lays out the packed tensors of `features`, in their order."""
    tables: dict[str, Table] = {}
    used: dict[int, int] = {}
    for name, feature in features.items():
        if isinstance(feature, Sequence) or not _owns_table(feature):
            continue
        width = feature.width or DEFAULT_BUCKET_WIDTH
        rows = _rows(feature)
        tables[name] = Table(name, width, used.get(width, 0), rows)
        used[width] = used.get(width, 0) + rows
    lookups: dict[int, list[tuple[str, str]]] = {}
    for name, feature in features.items():
        if isinstance(feature, Sequence) or (isinstance(feature, Numeric) and name not in tables):
            continue
        table = tables[getattr(feature, "shares", None) or name]
        lookups.setdefault(table.width, []).append((name, table.name))
    return Layout(
        tables=tables,
        lookups={width: tuple(lookups[width]) for width in sorted(lookups)},
        sequences={
            name: (feature.shares, feature.max_length)
            for name, feature in features.items()
            if isinstance(feature, Sequence)
        },
        dense=tuple(
            name
            for name, feature in features.items()
            if isinstance(feature, Numeric) and name not in tables
        ),
    )
