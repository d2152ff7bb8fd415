"""Partitions: one directory for each log and day, filled a chunk at a time."""

import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from simulation.files import LogFile, open_file
from simulation.settings import Format
from simulation.traffic import DAY_SECONDS

ROWS_PER_GROUP = 65_536
ROWS_PER_PART = 1_000_000
# A file by which writers say that a day is complete; readers of its folder pass over it.
MARKER = "_SUCCESS"

_EPOCH = datetime.date(1970, 1, 1)


class Partition:
    """The files of one log on one day.

    Rows wait until there are enough of them for a row group, and go on in a new part when one
    is full. There is always a first part, be it empty.
    """

    def __init__(
        self,
        directory: Path,
        format: Format,
        schema: pa.Schema,
        *,
        rows_per_group: int = ROWS_PER_GROUP,
        rows_per_part: int = ROWS_PER_PART,
    ) -> None:
        self._directory = directory
        self._format: Format = format
        self._schema = schema
        self._rows_per_group = rows_per_group
        self._rows_per_part = rows_per_part
        self._waiting: list[pa.Table] = []
        self._num_waiting = 0
        self._num_written = 0
        self._parts = 0
        directory.mkdir(parents=True)
        self._file = self._next_part()

    def write(self, table: pa.Table) -> None:
        """Appends the rows of `table`."""
        self._waiting.append(table)
        self._num_waiting += table.num_rows
        if self._num_waiting >= self._rows_per_group:
            self._flush()

    def close(self) -> None:
        """Writes what waits, ends the last part and marks the day as complete."""
        if self._num_waiting:
            self._flush()
        self._file.close()
        (self._directory / MARKER).touch()

    def _flush(self) -> None:
        if self._num_written >= self._rows_per_part:
            self._file.close()
            self._file = self._next_part()
        self._file.write(pa.concat_tables(self._waiting).combine_chunks())
        self._num_written += self._num_waiting
        self._waiting, self._num_waiting = [], 0

    def _next_part(self) -> LogFile:
        path = self._directory / f"part-{self._parts:05d}.{self._format}"
        self._parts += 1
        self._num_written = 0
        return open_file(path, self._format, self._schema)


class Log:
    """A log parted by the UTC day of its events; only days that may still grow are open.

    Example:
        log = Log(out / "clicks", "parquet", CLICKS)
        log.open_day(20_454)
        log.write(table, table["timestamp"].to_numpy() // 86_400)
        log.close_before(20_455)
    """

    def __init__(self, directory: Path, format: Format, schema: pa.Schema) -> None:
        self._directory = directory
        self._format: Format = format
        self._schema = schema
        self._open: dict[int, Partition] = {}

    def open_day(self, day: int) -> Partition:
        """Returns the partition of a day since 1970, which exists from now on."""
        if day not in self._open:
            name = (_EPOCH + datetime.timedelta(days=day)).isoformat()
            self._open[day] = Partition(self._directory / name, self._format, self._schema)
        return self._open[day]

    def write(self, table: pa.Table) -> None:
        """Appends events, each to the day of its `timestamp`."""
        days = table.column("timestamp").to_numpy() // DAY_SECONDS
        for day in np.unique(days).tolist():
            self.open_day(day).write(table.filter(pa.array(days == day)))

    def close_before(self, day: int) -> None:
        """Ends the partitions of the days before `day`, which can get no more events."""
        for past in sorted(past for past in self._open if past < day):
            self._open.pop(past).close()

    def close(self) -> None:
        """Ends all partitions."""
        for day in sorted(self._open):
            self._open.pop(day).close()
