"""A file of JSON objects, one a line -> its rows, with the types that JSON gives them.

Arrow parses a block at full speed and guesses its types. Three of its guesses would change
values, so such blocks are read again: text that looks like a time, whole numbers too large for 64
bits (ids), and columns of several types.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from components.log_example_gen import json_lines, streams
from components.log_example_gen.rejects import Rejects
from components.log_example_gen.streams import Block, Rows

_EXACT = 2.0**53


def read_json(path: str, columns: list[str], rejects: Rejects) -> Iterator[Rows]:
    """Yields the rows of a file of JSON lines; a key that a line lacks is null. See `read.read`."""
    seen: dict[str, None] = {}
    found = False
    for block in streams.lines(path, rejects):
        rows = _rows(block, columns, rejects, seen)
        found = found or len(rows.numbers) > 0
        yield rows
    # A key that a line leaves out is a missing value; one that every line leaves out is a mistake.
    if found:
        streams.check_columns(path, columns, list(seen), rejects)


def _rows(block: Block, columns: list[str], rejects: Rejects, seen: dict[str, None]) -> Rows:
    if json_lines.is_regular(block.data, block.count):
        table = _parse(block.data, block.count)
        if table is not None:
            seen.update(dict.fromkeys(table.schema.names))
            numbers = np.arange(block.first, block.first + block.count)
            return Rows(_with_all(table, columns), numbers)
    places, lines = json_lines.split_lines(block.data)
    numbers = block.first + places
    table = _parse_lines(lines)
    if table is None:
        wrong = json_lines.wrong_lines(lines, lambda some: _parse_lines(some) is not None)
        numbers, lines = _refuse(numbers, lines, wrong, rejects)
        table = _parse_lines(lines)
    if table is None:
        loaded = [json_lines.load(line) for line in lines]
        wrong = {place: why for place, why in enumerate(loaded) if isinstance(why, str)}
        numbers, _ = _refuse(numbers, lines, wrong, rejects)
        objects = [row for row in loaded if isinstance(row, dict)]
        seen.update(dict.fromkeys(itertools.chain.from_iterable(objects)))
        return Rows(_from_objects(objects, columns), numbers)
    seen.update(dict.fromkeys(table.schema.names))
    return Rows(_with_all(table, columns), numbers)


def _refuse(
    numbers: np.ndarray, lines: list[bytes], wrong: dict[int, str], rejects: Rejects
) -> tuple[np.ndarray, list[bytes]]:
    """Returns what is left without the wrong lines, which it refuses."""
    for reason in dict.fromkeys(wrong.values()):
        places = sorted(place for place, why in wrong.items() if why == reason)
        texts = [streams.head(lines[place]) for place in places]
        rejects.rows(numbers[places], reason, None, texts)
    kept = [place for place in range(len(lines)) if place not in wrong]
    return numbers[kept], [lines[place] for place in kept]


def _with_all(table: pa.Table, columns: Sequence[str]) -> pa.RecordBatch:
    nothing = pa.nulls(table.num_rows)
    present = table.schema.names
    arrays = [table[name].combine_chunks() if name in present else nothing for name in columns]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def _parse_lines(lines: Sequence[bytes]) -> pa.Table | None:
    return _parse(b"\n".join(lines) + b"\n", len(lines))


def _parse(data: bytes, rows: int) -> pa.Table | None:
    """Returns the rows, or None if Arrow cannot read so many of them without changing values."""
    if not rows:
        return pa.table({})
    if not json_lines.is_harmless(data, rows):
        return None
    try:
        table = _read(data, pa.schema([]))
        times = [field for field in table.schema if _has_time(field.type)]
        if times:
            table = _read(data, pa.schema([(f.name, _time_to_text(f.type)) for f in times]))
    except pa.ArrowInvalid:
        return None
    if table.num_rows != rows or any(_rounds(column) for column in table.columns):
        return None
    return table


def _read(data: bytes, known: pa.Schema) -> pa.Table:
    return pyarrow.json.read_json(
        pa.BufferReader(data),
        pyarrow.json.ReadOptions(block_size=len(data) + 1),
        pyarrow.json.ParseOptions(explicit_schema=known, unexpected_field_behavior="infer"),
    )


def _has_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind.value_type if pa.types.is_list(kind) else kind))


def _time_to_text(kind: pa.DataType) -> pa.DataType:
    return pa.list_(pa.string()) if pa.types.is_list(kind) else pa.string()


def _rounds(column: pa.ChunkedArray) -> bool:
    """Returns whether a column of floats may once have been larger whole numbers."""
    if pa.types.is_list(column.type):
        column = pc.list_flatten(column)
    if not pa.types.is_floating(column.type):
        return False
    return bool(pc.any(pc.greater_equal(pc.abs(column), _EXACT)).as_py())


def _from_objects(objects: Sequence[dict[str, Any]], columns: Sequence[str]) -> pa.RecordBatch:
    arrays = [_array([row.get(name) for row in objects]) for name in columns]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def _array(values: list[Any]) -> pa.Array:
    """Returns the values in their one type, else as text; whole numbers of any size as text."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {list}:
        lengths = (len(value or ()) for value in values)
        offsets = pa.array(itertools.accumulate(lengths, initial=0), pa.int32())
        elements = _array([element for value in values for element in value or ()])
        return pa.ListArray.from_arrays(offsets, elements)
    if kinds == {dict}:  # as Arrow does it: not text, whatever it holds
        objects = [None if value is None else {"json": json.dumps(value)} for value in values]
        return pa.array(objects, pa.struct([("json", pa.string())]))
    if len(kinds) == 1 and kinds != {int}:
        return pa.array(values)
    return pa.array([_spell(value) for value in values], pa.string())


def _spell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    return json.dumps(value)
