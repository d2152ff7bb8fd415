"""Files of a log in each format; all take Arrow tables and hold the same rows."""

import json
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from simulation.settings import Format

_SEPARATOR = "|"


class LogFile(Protocol):
    """An open file that rows are appended to; one that never gets any is a valid, empty log."""

    def write(self, table: pa.Table) -> None:
        """Appends the rows of `table`."""

    def close(self) -> None:
        """Ends the file."""


class ParquetFile:
    """A Parquet file; each table is a row group."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")

    def write(self, table: pa.Table) -> None:
        """Appends the rows of `table`."""
        self._writer.write_table(table)

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()


class CsvFile:
    """A CSV file with a header line; lists are joined by a bar and a missing value is empty."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pa_csv.CSVWriter(path, _flat(schema.empty_table()).schema)

    def write(self, table: pa.Table) -> None:
        """Appends the rows of `table`."""
        self._writer.write_table(_flat(table))

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()


class JsonlFile:
    """A file with one JSON object a line; a missing value is null."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._names = schema.names
        self._file = path.open("w", encoding="utf-8", newline="\n")

    def write(self, table: pa.Table) -> None:
        """Appends the rows of `table`."""
        columns = [column.to_pylist() for column in table.columns]
        for row in zip(*columns, strict=True):
            self._file.write(json.dumps(dict(zip(self._names, row, strict=True))) + "\n")

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


_FILES: dict[Format, type[ParquetFile] | type[CsvFile] | type[JsonlFile]] = {
    "parquet": ParquetFile,
    "csv": CsvFile,
    "jsonl": JsonlFile,
}


def open_file(path: Path, format: Format, schema: pa.Schema) -> LogFile:
    """Returns a new file of rows of `schema` at `path`."""
    return _FILES[format](path, schema)


def _flat(table: pa.Table) -> pa.Table:
    """Returns `table` with every list joined into one text."""
    for index, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            joined = pc.binary_join(table.column(index), _SEPARATOR)
            table = table.set_column(index, field.name, joined)
    return table
