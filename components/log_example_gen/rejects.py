"""Dead letters: every row or file that could not be used, with its place and the reason.

Nothing that was read is lost: what is no example is counted in the ledger, and what is wrong is
kept here, as Parquet files of REJECTS_SCHEMA.
"""

import collections
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

# What a reject says of its file: a row cannot be used; the file cannot be read from here on; or
# something is odd, but nothing is lost.
ROW = "row"
FILE = "file"
NOTE = "note"

REJECTS_SCHEMA = pa.schema(
    [
        ("log", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("scope", pa.string()),
    ]
)
VALUE_CHARACTERS = 200
# A character has up to 4 bytes; one more tells whether there is more to cut.
_VALUE_BYTES = 4 * (VALUE_CHARACTERS + 1)


class Rejects:
    """What was wrong with one file, as it is found out.

    Attributes:
        log: impressions, clicks or conversions.
        file: its path.
        counts: rows refused, by "column: reason".
        firsts: by (log, scope, reason) the first of them, as REJECTS_SCHEMA says.
        broken_files: 1 if the file could not be read to its end.
        unread: columns that the file has and nothing reads.
    """

    def __init__(self, log: str, file: str):
        self.log = log
        self.file = file
        self.counts: collections.Counter[str] = collections.Counter()
        self.firsts: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        self.broken_files = 0
        self.unread: set[str] = set()
        self._tables: list[pa.Table] = []

    def rows(
        self,
        numbers: np.ndarray,
        reason: str,
        column: str | None = None,
        values: pa.Array | Sequence[bytes | str | None] | None = None,
    ) -> None:
        """Refuses rows.

        Args:
            numbers: int64 [rows], the line of each (CSV, JSONL) or its row (Parquet), from 1.
            reason: why, the same for all of them.
            column: the column that is wrong; None if it is the row as a whole.
            values: what it holds; the row's text if no column is to blame.
        """
        if len(numbers):
            self.counts[why(ROW, column, reason)] += len(numbers)
            self._add(pa.array(numbers, pa.int64()), reason, ROW, column, values)

    def broken(self, reason: str, number: int | None = None) -> None:
        """Says that the file cannot be read, or not after row or line `number`."""
        self.broken_files = 1
        self._add(pa.array([number], pa.int64()), reason, FILE)

    def note(self, reason: str, column: str | None = None) -> None:
        """Says that something about the file is odd, though nothing is lost by it."""
        self._add(pa.array([None], pa.int64()), reason, NOTE, column)

    @property
    def pending(self) -> bool:
        """Whether anything came since it was last taken."""
        return bool(self._tables)

    def take(self) -> pa.Table:
        """Returns what came since the last call, as REJECTS_SCHEMA says, and forgets it."""
        tables, self._tables = self._tables, []
        return pa.concat_tables(tables) if tables else REJECTS_SCHEMA.empty_table()

    def _add(
        self,
        numbers: pa.Array,
        reason: str,
        scope: str,
        column: str | None = None,
        values: pa.Array | Sequence[bytes | str | None] | None = None,
    ) -> None:
        table = rejects_table(self.log, [self.file], numbers, reason, scope, column, values)
        key = self.log, scope, why(scope, column, reason)
        self.firsts.setdefault(key, table.slice(0, 1).to_pylist()[0])
        self._tables.append(table)


def why(scope: str, column: str | None, reason: str) -> str:
    """Returns a reason with what it is about: the column, or else the row or the file."""
    return f"{column or scope}: {reason}"


def rejects_table(
    log: str,
    files: Sequence[str],
    rows: pa.Array,
    reason: str,
    scope: str = ROW,
    column: str | None = None,
    values: pa.Array | Sequence[bytes | str | None] | None = None,
) -> pa.Table:
    """Returns rejects of one reason.

    Args:
        log: impressions, clicks or conversions.
        files: the file of each, or the one of all.
        rows: int64 [rejects], as `Rejects.rows` takes them.
        reason: why.
        scope: ROW, FILE or NOTE.
        column: the column that is wrong, if one is.
        values: what it holds.
    """
    count = len(rows)
    columns = {
        "log": _repeat(log, count),
        "file": _repeat(files[0], count) if len(files) == 1 else pa.array(files, pa.string()),
        "row": rows,
        "column": _repeat(column, count),
        "value": pa.nulls(count, pa.string()) if values is None else spell(values),
        "reason": _repeat(reason, count),
        "scope": _repeat(scope, count),
    }
    return pa.table(columns, schema=REJECTS_SCHEMA)


def spell(values: pa.Array | Sequence[bytes | str | None]) -> pa.Array:
    r"""Returns values of any type as text of VALUE_CHARACTERS or fewer; stray bytes as \xff."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array) and pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp(values.type.unit))  # UTC: no zone need be known here
    if isinstance(values, pa.Array) and pa.types.is_temporal(values.type):
        values = values.cast(pa.string())  # Arrow knows years that Python's dates do not
    given = values.to_pylist() if isinstance(values, pa.Array) else list(values)
    return pa.array([_spell(value) for value in given], pa.string())


def shape(value: str) -> str:
    """Returns what a value looks like, and not what it is: 9 for each digit, a or A for a letter.

    Rejects are kept to be looked at, by whoever may; what is said of them elsewhere, in logs and
    reports, must not tell of a person. Any field may hold an id: a comma too few, and all shift.
    """
    return "".join(map(_shape, value))


def _shape(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character


def _spell(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        text = value[:_VALUE_BYTES].decode("utf-8", errors="backslashreplace")
    else:
        text = str(value)
    return text if len(text) <= VALUE_CHARACTERS else f"{text[: VALUE_CHARACTERS - 1]}…"


def _repeat(value: str | None, rows: int) -> pa.Array:
    return pa.array([value], pa.string()).take(pa.array(np.zeros(rows, np.int64)))
