"""Three logs of any size, the same bytes every time, from memory for one chunk of rows.

    python -m benchmarks.ingestion.logs FOLDER --rows 1000000

writes FOLDER/{parquet,csv}/{impressions,clicks,conversions}/{SPAN}/part-0000N.{parquet,csv}. What
the rows are, `rows` says.
"""

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from benchmarks.ingestion.rows import FIRST_DAY, FIRST_SECOND, Chunk, chunk

FORMATS = ("parquet", "csv")
DAYS = 3  # with impressions; events go on for as many days again
FILES_A_DAY = 4

# Columns of the impressions beside id and time, by the kind of feature they are.
TEXTS = (
    *("user_id", "item_id", "seller_id", "category", "brand", "city", "device", "system"),
    *("app_version", "place", "segment", "position", "hour"),
)
NUMBERS = ("age", "price", "discount", "item_rate", "user_rate", "distance")
LISTS = ("history",)


def spans() -> list[str]:
    """Returns the days that have impressions, as ISO dates."""
    return [str(FIRST_DAY + datetime.timedelta(days=day)) for day in range(DAYS)]


class _Files:
    """The open files of one format. Each is made when its first row comes."""

    def __init__(self, root: Path, form: str, stack: contextlib.ExitStack):
        self._root, self._form, self._stack = root, form, stack
        self._open: dict[Path, pa.parquet.ParquetWriter | pa.csv.CSVWriter] = {}

    def write(self, log: str, span: str, part: int, table: pa.Table) -> None:
        path = self._root / log / span / f"part-{part:05d}.{self._form}"
        if self._form == "csv":
            table = _flat(table)
        if path not in self._open:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[path] = self._stack.enter_context(self._create(path, table.schema))
        self._open[path].write_table(table)

    def _create(self, path: Path, schema: pa.Schema) -> pa.parquet.ParquetWriter | pa.csv.CSVWriter:
        if self._form == "parquet":
            return pa.parquet.ParquetWriter(path, schema, compression="snappy")
        return pa.csv.CSVWriter(
            path, schema, write_options=pa.csv.WriteOptions(quoting_style="none")
        )


def _flat(table: pa.Table) -> pa.Table:
    """Returns the table with its lists as texts, the values parted by bars."""
    for name in set(LISTS) & set(table.schema.names):
        values = table[name].combine_chunks()
        texts = pa.ListArray.from_arrays(values.offsets, values.flatten().cast(pa.string()))
        table = table.set_column(
            table.schema.get_field_index(name), name, pc.binary_join(texts, "|")
        )
    return table


def _chunks(rows: int, size: int) -> Iterator[tuple[int, int, Chunk]]:
    """Yields day, part and rows."""
    rows_a_day = -(-rows // DAYS)
    rows_a_file = -(-rows_a_day // FILES_A_DAY)
    for day in range(DAYS):
        for part in range(FILES_A_DAY):
            begin = min(rows, day * rows_a_day + min(part * rows_a_file, rows_a_day))
            end = min(rows, day * rows_a_day + min((part + 1) * rows_a_file, rows_a_day))
            for start in range(begin, end, size):
                yield day, part, chunk(start, min(size, end - start), rows_a_day)


def write(folder: Path, rows: int, size: int = 100_000) -> None:
    """Writes the logs of `rows` distinct impressions in each format, from `size` at a time."""
    days = [str(FIRST_DAY + datetime.timedelta(days=day)) for day in range(2 * DAYS)]
    with contextlib.ExitStack() as stack:
        files = [_Files(folder / form, form, stack) for form in FORMATS]
        for day, part, found in _chunks(rows, size):
            for each in files:
                each.write("impressions", days[day], part, found.impressions)
            for log, events in (("clicks", found.clicks), ("conversions", found.conversions)):
                when = (events["timestamp"].to_numpy() - FIRST_SECOND) // 86400
                for number, span in enumerate(days):  # an event lies in the day it happened
                    those = events.filter(pa.array(when == number))
                    for each in files if those.num_rows else ():
                        each.write(log, span, 0, those)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--rows", type=int, default=1_000_000, show_default=True)
def main(folder: Path, rows: int) -> None:
    """Write the logs of the benchmark into FOLDER."""
    write(folder, rows)


if __name__ == "__main__":
    main()
