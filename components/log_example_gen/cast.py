"""Raw record batches -> typed ones; every row that does not cast is refused, with the reason."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.log_example_gen.arrays import Typed, complain
from components.log_example_gen.config import IngestConfig
from components.log_example_gen.events import EVENT, ID, TIME
from components.log_example_gen.numeric import amount, number
from components.log_example_gen.read import Rows
from components.log_example_gen.rejects import Rejects
from components.log_example_gen.texts import identifier, label, text, texts
from components.log_example_gen.times import micros
from schemas.columns import Column, source_columns
from schemas.logs import IMPRESSION_ID, IMPRESSION_TIME, VALUE, HashSplit, Log

# The key of a split by hash. Braces cannot meet a column: they would be a {SPAN}.
KEY = "{key}"

_FIELD_BYTES = 2**20
_TOO_LARGE = "larger than 1 MiB"


@dataclasses.dataclass(frozen=True)
class Field:
    """One column to cast.

    Attributes:
        source: its name in the file.
        name: its name afterwards; fields of one name are the parts of one id.
        kind: the rule, one of id, time, text, texts, number, amount and label.
        unit: the unit of a time.
        separator: what parts the texts of one text.
    """

    source: str
    name: str
    kind: str
    unit: str = "s"
    separator: str = "|"


def fields(config: IngestConfig) -> Mapping[str, tuple[Field, ...]]:
    """Returns the columns to cast, by log."""
    logs = config.logs
    wanted = {
        name: [*id_fields(log.id, ID), Field(log.time.column, TIME, "time", log.time.unit)]
        for name, log in logs.present().items()
    }
    for name, found in wanted.items():
        found += _event_fields(logs.present()[name])
    shown, when = logs.impressions.id, logs.impressions.time
    wanted["impressions"] = [
        *id_fields(shown, IMPRESSION_ID),
        Field(when.column, IMPRESSION_TIME, "time", when.unit),
        *column_fields(source_columns(config.columns, logs)),
    ]
    if isinstance(config.split, HashSplit):
        wanted["impressions"].append(Field(config.split.key, KEY, "text"))
    return {name: tuple(found) for name, found in wanted.items()}


def id_fields(columns: Iterable[str], name: str) -> tuple[Field, ...]:
    """Returns the fields that together make the id `name`."""
    return tuple(Field(column, name, "id") for column in columns)


def _event_fields(log: Log) -> list[Field]:
    found = []
    if log.event_id is not None:
        found.append(Field(log.event_id, EVENT, "id"))
    if log.value is not None:
        found.append(Field(log.value, VALUE, "amount"))
    return found


def column_fields(columns: Iterable[Column]) -> tuple[Field, ...]:
    """Returns the fields of columns that have the same name in the file: features and labels."""
    return tuple(
        Field(column.name, column.name, _kind(column), separator=column.separator)
        for column in columns
    )


def cast(
    rows: Rows, wanted: Sequence[Field], rejects: Rejects
) -> tuple[pa.RecordBatch, np.ndarray]:
    """Returns the rows that cast, typed, in order, and their numbers in the file, int64 [rows].

    A row with several faults is refused once, for the first of them.

    Args:
        rows: as read.
        wanted: what to make of them.
        rejects: where rows that do not cast are put.

    Raises:
        TypeError: if a column's type can hold no such value in any row.
    """
    bad = np.zeros(rows.batch.num_rows, bool)
    arrays: dict[str, list[pa.Array]] = collections.defaultdict(list)
    for field in wanted:
        raw = rows.batch.column(field.source)
        try:
            array, complaints = _typed(raw, field)
        except TypeError as error:
            raise TypeError(f"column {field.source!r}: {error}") from error
        arrays[field.name].append(array)
        for reason, mask in complaints.items():
            fresh = np.flatnonzero(mask & ~bad)
            rejects.rows(rows.numbers[fresh], reason, field.source, raw.take(pa.array(fresh)))
            bad |= mask
    columns = [found[0] if len(found) == 1 else compose(found) for found in arrays.values()]
    typed = pa.RecordBatch.from_arrays(columns, names=list(arrays))
    if not bad.any():
        return typed, rows.numbers
    return typed.filter(pa.array(~bad)), rows.numbers[~bad]


def compose(parts: Sequence[pa.Array]) -> pa.Array:
    r"""Returns one text for the texts of each row: parted by |, and no two rows' look the same.

    A | or \ inside a part gets a \ before it.
    """
    for mark in ("\\", "|"):
        parts = [pc.replace_substring(part, mark, f"\\{mark}") for part in parts]
    return pc.binary_join_element_wise(*parts, "|")


def _kind(column: Column) -> str:
    if column.repeated:
        return "texts"
    if column.type == "text":
        return "text"
    return "number" if column.type == "float" else "label"


def _typed(array: pa.Array, field: Field) -> Typed:
    if field.kind == "time":
        return micros(array, field.unit)
    if field.kind == "texts":
        typed, complaints = texts(array, field.separator)
    else:
        typed, complaints = _RULES[field.kind](array)
    if field.kind in ("id", "text", "texts"):
        complaints = complain(complaints, _TOO_LARGE, _sizes(typed) > _FIELD_BYTES)
    return typed, complaints


def _sizes(array: pa.Array) -> np.ndarray:
    """Returns the bytes of each row's text or texts, int64 [rows]."""
    ends = np.arange(len(array) + 1) + array.offset
    if pa.types.is_list(array.type):
        ends = np.frombuffer(array.buffers()[1], np.int32)[ends]
        array = array.values
        ends = ends + array.offset
    if array.buffers()[1] is None:  # no text in any row
        return np.zeros(len(ends) - 1, np.int64)
    return np.diff(np.frombuffer(array.buffers()[1], np.int32)[ends].astype(np.int64))


_RULES = {"id": identifier, "text": text, "number": number, "amount": amount, "label": label}
