"""Files of served scores -> rows dealt out to partitions, where they meet their outcomes."""

import collections
import contextlib
import dataclasses
from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet

from components.log_example_gen.blocks import BLOCK_BYTES
from components.log_example_gen.cast import Field, cast, id_fields
from components.log_example_gen.events import HASH, ID, PLACE, TIME, place
from components.log_example_gen.files import Source
from components.log_example_gen.partition import SEALED, split_batch, stable_hash
from components.log_example_gen.read import Rows, Unreadable, read
from components.log_example_gen.rejects import Rejects
from components.log_example_gen.spill import Segment, Spill
from components.log_example_gen.streams import opened
from pipeline.errors import RunFailed
from pipeline.monitoring.period import SERVED
from schemas.served_log import MODEL_VERSION, Served


@dataclasses.dataclass(frozen=True)
class Reading:
    """What decides how served scores are read.

    Attributes:
        log: the served log.
        outputs: what a model answers; a column each, where a file has it.
        since: microseconds since 1970; None for all.
        until: likewise.
        partitions: over how many to deal the rows out.
        folder: where segments wait.
    """

    log: Served
    outputs: tuple[str, ...]
    since: int | None
    until: int
    partitions: int
    folder: str


@dataclasses.dataclass
class Read:
    """What was read.

    Attributes:
        segments: where the rows wait, by partition.
        answered: the outputs that a file at least has a column of.
        left_out: rows that cannot be used, by reason.
    """

    segments: dict[int, list[Segment]]
    answered: set[str]
    left_out: collections.Counter[str]


def read_served(sources: Sequence[Source], reading: Reading) -> Read:
    """Reads files of served scores, and writes their rows to where they wait.

    Raises:
        RunFailed: if a file cannot be read, or has no column of any output.
    """
    found = Read(collections.defaultdict(list), set(), collections.Counter())
    pending: dict[int, list[pa.RecordBatch]] = collections.defaultdict(list)
    pending_bytes = spilled = 0
    for batch in _batches(sources, reading, found):
        for partition, part in split_batch(batch, reading.partitions):
            pending[partition].append(part)
        pending_bytes += batch.nbytes
        if pending_bytes > BLOCK_BYTES:
            _flush(pending, spilled, reading.folder, found)
            spilled, pending_bytes = spilled + 1, 0
    _flush(pending, spilled, reading.folder, found)
    return found


def _flush(pending: dict[int, list[pa.RecordBatch]], number: int, folder: str, found: Read) -> None:
    with Spill(folder) as spill:
        for partition, batches in sorted(pending.items()):
            found.segments[partition].append(spill.write(SERVED, number, batches))
    pending.clear()


def _batches(sources: Sequence[Source], reading: Reading, found: Read) -> Iterator[pa.RecordBatch]:
    with contextlib.closing(duckdb.connect(config=SEALED)) as connection:
        for number, source in enumerate(sources):
            rejects = Rejects(SERVED, source.path)
            try:
                for rows in _rows(source.path, reading, found, rejects):
                    batch = _typed(rows, reading, number, rejects, connection)
                    rejects.take()  # they are only counted here
                    if batch.num_rows:
                        yield batch
            except Unreadable as error:
                raise RunFailed(f"the served scores {error}") from error
            except (TypeError, pa.ArrowInvalid) as error:
                raise RunFailed(f"the served scores {source.path}: {error}") from error
            found.left_out.update(rejects.counts)


def _rows(path: str, reading: Reading, found: Read, rejects: Rejects) -> Iterator[Rows]:
    with opened(path) as handle:
        try:
            names = pa.parquet.read_schema(pa.PythonFile(handle, mode="r")).names
        except pa.ArrowException as error:
            raise Unreadable(path, f"is no sound Parquet file: {error}") from error
    answered = [name for name in reading.outputs if name in names]
    if not answered:
        raise Unreadable(
            path,
            f"has no column of an output, {', '.join(reading.outputs)}. "
            f"Its columns are: {', '.join(names) or 'none'}",
        )
    found.answered.update(answered)
    version = [MODEL_VERSION] if MODEL_VERSION in names else []
    wanted = [*reading.log.id, reading.log.time.column, *answered, *version]
    yield from read(path, wanted, rejects)


def _typed(
    rows: Rows,
    reading: Reading,
    file: int,
    rejects: Rejects,
    connection: duckdb.DuckDBPyConnection,
) -> pa.RecordBatch:
    """Returns the rows of the period: id, time, scores as float64, version, place and hash."""
    log = reading.log
    fields = [*id_fields(log.id, ID), Field(log.time.column, TIME, "time", log.time.unit)]
    typed, numbers = cast(rows, fields, rejects)
    when = np.asarray(typed[TIME])
    inside = when < reading.until
    if reading.since is not None:
        inside &= when >= reading.since
    typed, numbers = typed.filter(pa.array(inside)), numbers[inside]
    where = pa.array(np.searchsorted(rows.numbers, numbers))
    raw = {name: rows.batch[name].take(where) for name in rows.batch.schema.names}
    columns = {ID: typed[ID], TIME: typed[TIME]}
    for name in reading.outputs:
        scores = raw.get(name, pa.nulls(len(numbers)))
        columns[f"{{{name}}}"] = scores.cast(pa.float64())
    columns[MODEL_VERSION] = raw.get(MODEL_VERSION, pa.nulls(len(numbers))).cast(pa.string())
    columns[PLACE] = pa.array(place(file, 0) | numbers)
    columns[HASH] = pa.array(stable_hash(typed[ID], connection))
    return pa.RecordBatch.from_pydict(columns)
