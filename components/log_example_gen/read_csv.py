"""A CSV file -> its rows, as bytes.

Arrow splits the fields. It does not say where a row stands, so lines are counted here, and a block
in which rows are not simply lines is first cut into what Arrow can read.
"""

import csv
import dataclasses
import io
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv

from components.log_example_gen import streams
from components.log_example_gen.csv_records import Records, field_counts, records
from components.log_example_gen.rejects import Rejects
from components.log_example_gen.streams import Block, Rows, Unreadable


def read_csv(path: str, columns: list[str], rejects: Rejects) -> Iterator[Rows]:
    """Yields the rows of a CSV file whose first line names its columns. See `read.read`."""
    header: _Header | None = None
    held = Block(1, b"", 0)  # the lines of a row that goes on in the next block
    try:
        for block in streams.lines(path, rejects):
            if header is None:
                header, block = _header(path, columns, block, rejects)
            if header is None:
                continue
            if held.count:
                if held.first + held.count == block.first:
                    block = Block(held.first, held.data + block.data, held.count + block.count)
                else:  # a line between them was too large
                    yield header.rows(held, True, rejects)[0]
            rows, held = header.rows(block, False, rejects)
            yield rows
    except Unreadable as error:
        if held.count:  # the row that is cut off began some lines before
            raise Unreadable(path, error.reason, held.first - 1) from error
        raise
    if header is not None and held.count:
        yield header.rows(held, True, rejects)[0]


@dataclasses.dataclass(frozen=True)
class _Header:
    path: str
    wanted: dict[str, int]  # by name, the place among the fields
    fields: int

    def rows(self, block: Block, final: bool, rejects: Rejects) -> tuple[Rows, Block]:
        """Returns the rows in some lines, and those lines of which the row goes on behind them."""
        first, data = block.first, block.data
        if b'"' not in data and (b"\r" not in data or data.count(b"\r") == data.count(b"\r\n")):
            batch = self._parse(data, False)
            if batch is not None and batch.num_rows == block.count:
                return Rows(batch, np.arange(first, first + block.count)), Block(first, b"", 0)
        found = records(data, self.fields, final, streams.ROW_BYTES)
        _refuse(data, found, first, rejects)
        batch = self._parse(_take(data, found), True)
        if batch is None or batch.num_rows != found.begins.sum():
            found = self._complete(data, found, first, rejects)
            batch = self._parse(_take(data, found), True)
        numbers = first + np.flatnonzero(found.begins)
        if batch is None or batch.num_rows != len(numbers):
            raise Unreadable(self.path, "has rows that cannot be told apart", first - 1)
        held = b"" if found.rest == block.count else data[found.starts[found.rest] :]
        return Rows(batch, numbers), Block(first + found.rest, held, block.count - found.rest)

    def _complete(self, data: bytes, found: Records, first: int, rejects: Rejects) -> Records:
        """Refuses rows that have not as many fields as the header."""
        counts = field_counts(data, found, self.fields)
        lines = np.flatnonzero(found.begins)
        begins, broken = found.begins.copy(), found.broken.copy()
        for count in np.unique(counts[counts != self.fields]).tolist():
            wrong = lines[counts == count]
            reason = f"{count} fields instead of {self.fields}"
            texts = [streams.head(data[found.starts[i] : found.ends[i]]) for i in wrong]
            rejects.rows(first + wrong, reason, None, texts)
            begins[wrong], broken[wrong] = False, True
        return dataclasses.replace(found, begins=begins, broken=broken)

    def _parse(self, data: bytes, newlines: bool) -> pa.RecordBatch | None:
        """Returns the wanted columns, or None if some row has too many or too few fields."""
        names = [str(place) for place in range(self.fields)]  # those of the file may repeat
        wanted = [str(place) for place in self.wanted.values()]
        if not data:
            nothing = [pa.array([], pa.binary())] * len(wanted)
            return pa.RecordBatch.from_arrays(nothing, names=list(self.wanted))
        try:
            table = pyarrow.csv.read_csv(
                pa.BufferReader(data),
                pyarrow.csv.ReadOptions(column_names=names, block_size=len(data) + 1),
                pyarrow.csv.ParseOptions(newlines_in_values=newlines),
                pyarrow.csv.ConvertOptions(
                    include_columns=wanted,
                    column_types={name: pa.binary() for name in wanted},
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        arrays = [column.combine_chunks() for column in table.columns]
        return pa.RecordBatch.from_arrays(arrays, names=list(self.wanted))


def _header(
    path: str, columns: list[str], block: Block, rejects: Rejects
) -> tuple[_Header | None, Block]:
    """Returns the header, if these lines hold it, and the lines below."""
    file = io.BytesIO(block.data)
    reader = csv.reader((line.decode() for line in file), strict=True)
    try:
        names = next((row for row in reader if row), None)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(path, f"has a header that cannot be read: {error}") from error
    if names is None:
        return None, block
    streams.check_columns(path, columns, names, rejects)
    header = _Header(path, {column: names.index(column) for column in columns}, len(names))
    used = reader.line_num
    return header, Block(block.first + used, block.data[file.tell() :], block.count - used)


def _refuse(data: bytes, found: Records, first: int, rejects: Rejects) -> None:
    """Refuses the lines that can belong to no row."""
    for reason, quoted in (("broken quoting", True), ("carriage return inside a row", False)):
        lines = np.flatnonzero(found.broken & ((found.quotes > 0) == quoted))
        texts = [streams.head(data[found.starts[i] : found.ends[i]]) for i in lines]
        rejects.rows(first + lines, reason, None, texts)


def _take(data: bytes, found: Records) -> bytes:
    """Returns the lines that belong to whole rows."""
    taken = ~found.broken
    taken[found.rest :] = False
    if taken.all():
        return data
    edges = np.flatnonzero(np.diff(taken, prepend=False, append=False)).reshape(-1, 2)
    return b"".join(data[found.starts[a] : found.ends[b - 1]] for a, b in edges.tolist())
