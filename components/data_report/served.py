"""The raw features that were served, from the log of served scores."""

import datetime
import hashlib
import zlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.log_example_gen.cast import cast, column_fields
from components.log_example_gen.files import Source, day_sources
from components.log_example_gen.read import read
from components.log_example_gen.rejects import Rejects
from components.log_example_gen.streams import Rows, Unreadable
from schemas.columns import Column
from schemas.served_log import Served

# Rows that are sampled of a span, about: as many as of its examples.
_ROWS = 20_000


def served_files(root: str, served: Served | None, span: str) -> tuple[Source, ...]:
    """Returns the files of a span, an ISO date, in the order of their paths; there may be none."""
    if served is None:
        return ()
    day = datetime.date.fromisoformat(span)
    return tuple(sorted(day_sources("served", root, served, day)))


def fingerprint(files: Sequence[Source]) -> str:
    """Returns a digest of path, size and time of change of files: it enters TFX's cache key."""
    lines = (f"{file.path}\t{file.size}\t{file.modified}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_served(
    files: Sequence[Source], columns: Sequence[Column]
) -> tuple[pa.Table, tuple[Column, ...]]:
    """Returns a sample of what was served, as columns of lists, and which columns these are.

    Values are taken as ingestion takes those of the impressions: the id 123 is the text "123".

    Args:
        files: of one span, one or more.
        columns: that are wanted; a file need not have them, and has none where scores alone are
            kept.

    Raises:
        Unreadable: if a file cannot be read to its end.
        TypeError: if a column's type can hold no such value.
    """
    heads = [_head(file.path) for file in files]
    kept = tuple(c for c in columns if all(c.name in names for names, _ in heads))
    rows = sum(rows for _, rows in heads)
    tables = [_sample(file.path, kept, _ROWS / max(rows, _ROWS)) for file in files] if kept else []
    return pa.concat_tables(tables) if tables else pa.table({}), kept


def _head(path: str) -> tuple[set[str], int]:
    """Returns the columns of a Parquet file and how many rows it has; raises Unreadable."""
    try:
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as handle:
            told = pa.parquet.read_metadata(pa.PythonFile(handle, mode="r"))
    except pa.ArrowException as error:
        raise Unreadable(path, f"is no sound Parquet file: {error}") from error
    return {*told.schema.to_arrow_schema().names}, told.num_rows


def _sample(path: str, columns: Sequence[Column], share: float) -> pa.Table:
    rejects = Rejects("served", path)
    draws = np.random.default_rng(zlib.crc32(path.encode()))
    fields = column_fields(columns)
    batches = []
    for rows in read(path, [column.name for column in columns], rejects):
        chosen = np.flatnonzero(draws.random(len(rows.numbers)) < share)
        some = Rows(rows.batch.take(pa.array(chosen)), rows.numbers[chosen])
        typed, _ = cast(some, fields, rejects)
        batches.append(pa.table({c.name: _lists(typed[c.name], c) for c in columns}))
    empty = pa.table({c.name: pa.array([], _type(c)) for c in columns})
    return pa.concat_tables([empty, *batches])


def _lists(values: pa.Array, column: Column) -> pa.Array:
    """Returns lists, as examples hold them: null where there is no value."""
    if column.repeated:
        found = values.cast(_type(column))
        return pc.if_else(pc.equal(pc.list_value_length(found), 0), None, found)
    offsets = np.concatenate([[0], np.cumsum(np.asarray(values.is_valid()))])
    flat = values.drop_null().cast(_type(column).value_type)
    lists = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), flat)
    return pc.if_else(values.is_valid(), lists, pa.scalar(None, lists.type))


def _type(column: Column) -> pa.DataType:
    return pa.large_list(pa.float32() if column.type == "float" else pa.large_binary())
