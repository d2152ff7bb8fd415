"""One file -> raw record batches of the wanted columns, never a whole file in memory.

Parquet and JSON keep their types. CSV gives bytes: what they mean is for `cast` to say.
"""

from collections.abc import Callable, Iterator, Sequence

from components.log_example_gen.read_csv import read_csv
from components.log_example_gen.read_json import read_json
from components.log_example_gen.read_parquet import read_parquet
from components.log_example_gen.rejects import Rejects
from components.log_example_gen.streams import Rows, Unreadable

__all__ = ["FORMATS", "Rows", "Unreadable", "read", "read_steps"]

_Reader = Callable[[str, list[str], Rejects], Iterator[Rows]]

FORMATS: dict[str, _Reader] = {
    ".parquet": read_parquet,
    **{f".csv{packed}": read_csv for packed in ("", ".gz", ".zst")},
    **{f".jsonl{packed}": read_json for packed in ("", ".gz", ".zst")},
}


def read(path: str, columns: Sequence[str], rejects: Rejects) -> Iterator[Rows]:
    """Yields the rows of a file in order, the wanted columns only.

    Args:
        path: a local path, or one with a scheme that Beam's file systems know. Its name says the
            format, one of FORMATS.
        columns: names of the wanted columns.
        rejects: where to say which rows cannot be read and which columns are not wanted.

    Raises:
        Unreadable: if the file cannot be read, lacks a wanted column or has it twice; or if it
            breaks off, after the rows before that.
    """
    yield from (rows for rows in read_steps(path, columns, rejects) if len(rows.numbers))


def read_steps(path: str, columns: Sequence[str], rejects: Rejects) -> Iterator[Rows]:
    """Yields what `read` does, and no rows at all where a whole block of them was refused.

    So rejects can be taken in time, and do not gather in memory until a good row turns up.
    """
    reader = next((FORMATS[suffix] for suffix in FORMATS if path.endswith(suffix)), None)
    if reader is None:
        raise Unreadable(
            path, f"has a name that does not say its format. It must end in {', '.join(FORMATS)}"
        )
    found = False
    for rows in reader(path, list(dict.fromkeys(columns)), rejects):
        found = found or len(rows.numbers) > 0
        yield rows
    if not found and not rejects.counts:
        rejects.note("no rows")
