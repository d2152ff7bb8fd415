"""Raw record batches -> typed ones, with every row that does not cast rejected and counted."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from components.log_example_gen.arrays import Typed
from components.log_example_gen.config import IngestConfig
from components.log_example_gen.numeric import amount, number
from components.log_example_gen.texts import identifier, label, text, texts
from components.log_example_gen.times import micros
from schemas.columns import Column, source_columns
from schemas.logs import IMPRESSION_ID, IMPRESSION_TIME, VALUE, HashSplit

ID = "id"
TIME = "time"
# The key of a split by hash. Braces cannot meet a column: they would be a {SPAN}.
KEY = "{key}"


@dataclasses.dataclass(frozen=True)
class Field:
    """One column to cast.

    Attributes:
        source: its name in the file.
        name: its name afterwards.
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
        name: [Field(log.id, ID, "id"), Field(log.time.column, TIME, "time", unit=log.time.unit)]
        for name, log in logs.present().items()
    }
    if logs.conversions is not None and logs.conversions.value is not None:
        wanted["conversions"].append(Field(logs.conversions.value, VALUE, "amount"))
    identity, when = wanted["impressions"]
    wanted["impressions"] = [
        dataclasses.replace(identity, name=IMPRESSION_ID),
        dataclasses.replace(when, name=IMPRESSION_TIME),
        *column_fields(source_columns(config.columns, logs)),
    ]
    if isinstance(config.split, HashSplit):
        wanted["impressions"].append(Field(config.split.key, KEY, "text"))
    return {name: tuple(found) for name, found in wanted.items()}


def column_fields(columns: Iterable[Column]) -> tuple[Field, ...]:
    """Returns the fields of columns that have the same name in the file: features and labels."""
    return tuple(
        Field(column.name, column.name, _kind(column), separator=column.separator)
        for column in columns
    )


def cast(batch: pa.RecordBatch, wanted: Sequence[Field]) -> tuple[pa.RecordBatch, dict[str, int]]:
    """Returns the rows that cast, typed, in order; and how many did not, by column and reason.

    A row with several faults counts once, for the first of them.

    Raises:
        TypeError: if a column's type can hold no such value in any row.
    """
    rejected: collections.Counter[str] = collections.Counter()
    bad = np.zeros(batch.num_rows, bool)
    arrays = []
    for field in wanted:
        try:
            array, complaints = _typed(batch.column(field.source), field)
        except TypeError as error:
            raise TypeError(f"column {field.source!r}: {error}") from error
        arrays.append(array)
        for reason, mask in complaints.items():
            rejected[f"{field.source}: {reason}"] += int(np.count_nonzero(mask & ~bad))
            bad |= mask
    typed = pa.RecordBatch.from_arrays(arrays, names=[field.name for field in wanted])
    if bad.any():
        typed = typed.filter(pa.array(~bad))
    return typed, {reason: count for reason, count in rejected.items() if count}


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
        return texts(array, field.separator)
    return _RULES[field.kind](array)


_RULES = {"id": identifier, "text": text, "number": number, "amount": amount, "label": label}
