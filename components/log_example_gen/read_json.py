"""Lines of JSON objects -> record batches, block by block.

Arrow parses a block at full speed and guesses its types. Three of its guesses would change
values, so such blocks are read again: text that looks like a time, whole numbers too large for 64
bits (ids), and columns of several types.
"""

import collections
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

_EXACT = 2.0**53


def batches_of_lines(
    stream: pa.NativeFile, block_bytes: int, broken: collections.Counter[str]
) -> Iterator[pa.RecordBatch]:
    """Yields a record batch, with the columns it happens to have, for each block of lines.

    Args:
        stream: the open file, inflated.
        block_bytes: about how much of it to hold in memory.
        broken: where lines are counted that are no JSON object.
    """
    for block in _blocks(stream, block_bytes):
        table = _parse(block)
        if table is None:
            yield _parse_slowly(block, broken)
        else:
            yield from table.combine_chunks().to_batches()


def _blocks(stream: pa.NativeFile, block_bytes: int) -> Iterator[bytes]:
    """Yields whole lines, about `block_bytes` at a time."""
    rest = b""
    while piece := stream.read(block_bytes):
        whole, newline, rest_of_piece = piece.rpartition(b"\n")
        if newline:
            yield rest + whole
            rest = rest_of_piece
        else:
            rest += piece
    if rest:
        yield rest


def _parse(block: bytes) -> pa.Table | None:
    """Returns the rows, or None if Arrow cannot read them without changing values."""
    if not block.strip():
        return pa.table({})
    try:
        table = _read(block, pa.schema([]))
        times = [field for field in table.schema if _has_time(field.type)]
        if times:
            table = _read(block, pa.schema([(f.name, _time_to_text(f.type)) for f in times]))
    except pa.ArrowInvalid:
        return None
    return None if any(_rounds(column) for column in table.columns) else table


def _read(block: bytes, known: pa.Schema) -> pa.Table:
    return pyarrow.json.read_json(
        pa.BufferReader(block),
        pyarrow.json.ReadOptions(block_size=len(block) + 1),
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


def _parse_slowly(block: bytes, broken: collections.Counter[str]) -> pa.RecordBatch:
    rows = []
    for line in block.splitlines():
        if line.strip():
            row = _object(line)
            if row is None:
                broken["row: no JSON object"] += 1
            else:
                rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    arrays = [_array([row.get(name) for row in rows]) for name in names]
    return pa.RecordBatch.from_arrays(arrays, names=list(names))


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _array(values: list[Any]) -> pa.Array:
    """Returns the values in their one type, else as text; whole numbers of any size as text."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {list}:
        lengths = (len(value or ()) for value in values)
        offsets = pa.array(itertools.accumulate(lengths, initial=0), pa.int32())
        elements = _array([element for value in values for element in value or ()])
        return pa.ListArray.from_arrays(offsets, elements)
    if len(kinds) == 1 and kinds != {int}:
        return pa.array(values)
    return pa.array([_spell(value) for value in values], pa.string())


def _spell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    return json.dumps(value)
