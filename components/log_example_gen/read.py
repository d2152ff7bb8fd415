"""One file -> raw record batches of the wanted columns, never a whole file in memory.

Parquet and JSON keep their types. CSV gives bytes: what they mean is for `cast` to say.
"""

import collections
import contextlib
import csv
import io
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.log_example_gen.read_json import batches_of_lines

BLOCK_BYTES = 16 * 2**20
BATCH_ROWS = 65536

# Counts, by reason, of what stands in a file but is no row.
Broken = collections.Counter[str]


def read(path: str, columns: Sequence[str], broken: Broken) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a file in order, the wanted columns only.

    Args:
        path: a local path, or one with a scheme that Beam's file systems know.
        columns: names of the wanted columns.
        broken: where lines are counted that are no rows: too few fields, no JSON.

    Raises:
        ValueError: if the name says no known format, or a wanted column is not in the file.
    """
    reader = next((r for suffix, r in _READERS.items() if path.endswith(suffix)), None)
    if reader is None:
        raise ValueError(
            f"the name of a log file must say its format: {', '.join(_READERS)}. Received: {path}"
        )
    for batch in reader(path, list(dict.fromkeys(columns)), broken):
        if batch.num_rows:
            yield batch


@contextlib.contextmanager
def _open(path: str) -> Iterator[pa.NativeFile]:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as handle:
        stream = pa.PythonFile(handle, mode="r")
        # Arrow inflates outside Python's lock, and complains of a file that was cut short.
        yield pa.CompressedInputStream(stream, "gzip") if path.endswith(".gz") else stream


def _check_columns(path: str, columns: Sequence[str], present: Sequence[str]) -> None:
    missing = [column for column in columns if column not in present]
    if missing:
        raise ValueError(
            f"{path} has no column {missing[0]!r}. Its columns are: {', '.join(present) or 'none'}"
        )


def _read_parquet(path: str, columns: list[str], broken: Broken) -> Iterator[pa.RecordBatch]:
    del broken  # Parquet has no broken rows
    with _open(path) as stream:
        file = pa.parquet.ParquetFile(stream)
        _check_columns(path, columns, file.schema_arrow.names)
        yield from file.iter_batches(batch_size=BATCH_ROWS, columns=columns)


def _read_csv(path: str, columns: list[str], broken: Broken) -> Iterator[pa.RecordBatch]:
    with _open(path) as stream:
        header = next(csv.reader(io.TextIOWrapper(stream, encoding="utf-8-sig")), [])
    _check_columns(path, columns, header)

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        broken[f"row: {row.actual_columns} fields instead of {row.expected_columns}"] += 1
        return "skip"

    with _open(path) as stream:
        yield from pyarrow.csv.open_csv(
            stream,
            pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES),
            pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            pyarrow.csv.ConvertOptions(
                include_columns=columns,
                column_types={column: pa.binary() for column in columns},
                strings_can_be_null=False,
            ),
        )


def _read_jsonl(path: str, columns: list[str], broken: Broken) -> Iterator[pa.RecordBatch]:
    seen: dict[str, None] = {}
    with _open(path) as stream:
        lines = 0
        for batch in batches_of_lines(stream, BLOCK_BYTES, broken):
            seen.update(dict.fromkeys(batch.schema.names))
            lines += batch.num_rows
            yield _with_all(batch, columns)
    # A key that a line leaves out is a missing value; one that every line leaves out is a mistake.
    if lines:
        _check_columns(path, columns, list(seen))


def _with_all(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    nothing = pa.nulls(batch.num_rows)
    present = batch.schema.names
    arrays = [batch.column(name) if name in present else nothing for name in columns]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


_READERS = {
    ".parquet": _read_parquet,
    ".csv": _read_csv,
    ".csv.gz": _read_csv,
    ".jsonl": _read_jsonl,
    ".jsonl.gz": _read_jsonl,
}
