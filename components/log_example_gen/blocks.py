"""One file -> blocks of typed rows, keyed by partition: the unit that Beam shuffles.

A block is a few record batches as one Arrow stream, tens of megabytes where there are as many
rows. Blocks carry their place (number of the file, number in the file), for a shuffle forgets it.
"""

import collections
import contextlib
import datetime
from collections.abc import Collection, Iterable, Iterator, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from components.log_example_gen import ledger
from components.log_example_gen.cast import ID, KEY, Field, cast, fields
from components.log_example_gen.config import IngestConfig
from components.log_example_gen.files import Source
from components.log_example_gen.join import EVENT_SCHEMA, IN_EVAL
from components.log_example_gen.partition import in_share, split_batch, stable_hash
from components.log_example_gen.read import read
from schemas.logs import IMPRESSION_ID, VALUE, HashSplit

BLOCK_BYTES = 64 * 2**20

# (log, number of the file, number of the block in it, record batches as an Arrow stream).
Block = tuple[str, int, int, bytes]


def read_blocks(
    number: int,
    source: Source,
    config: IngestConfig,
    evaluated: Collection[datetime.date],
    partitions: int,
) -> Iterator[tuple[int, Block] | dict[tuple[str, ...], int]]:
    """Yields (partition, block) pairs, and last what was counted.

    Args:
        number: the file's place among all files, which decides between equal duplicates.
        source: the file.
        config: what to read in it.
        evaluated: the spans that a split by time evaluates on.
        partitions: over how many partitions to deal the rows out.

    Raises:
        ValueError: naming the file, if it cannot be read or does not hold what `config` says.
    """
    wanted = fields(config)[source.log]
    broken: collections.Counter[str] = collections.Counter()
    counts: collections.Counter[tuple[str, ...]] = collections.Counter()
    counts[source.log, ledger.READ] = 0
    pending: dict[int, list[pa.RecordBatch]] = collections.defaultdict(list)
    place = pending_bytes = 0
    with contextlib.closing(duckdb.connect()) as connection:
        for batch, rejected in _typed(source, wanted, broken):
            counts[source.log, ledger.READ] += batch.num_rows + sum(rejected.values())
            counts.update({(source.log, ledger.REJECTED, why): n for why, n in rejected.items()})
            batch = _finish(batch, source, config, evaluated, connection)
            for partition, part in _deal(batch, source.log, partitions, connection):
                pending[partition].append(part)
            pending_bytes += batch.nbytes
            if pending_bytes > BLOCK_BYTES:
                yield from _flush(pending, source.log, number, place)
                place, pending_bytes = place + 1, 0
    yield from _flush(pending, source.log, number, place)
    counts[source.log, ledger.READ] += broken.total()
    counts.update({(source.log, ledger.REJECTED, why): n for why, n in broken.items()})
    yield dict(counts)


def tables(blocks: Iterable[Block]) -> dict[str, pa.RecordBatch]:
    """Returns the rows of the blocks by log, in the order of the files."""
    by_log: dict[str, list[pa.Table]] = collections.defaultdict(list)
    for log, _, _, stream in sorted(blocks, key=lambda block: block[:3]):
        by_log[log].append(pa.ipc.open_stream(stream).read_all())
    return {log: contiguous(pa.concat_tables(by_log.pop(log))) for log in list(by_log)}


def contiguous(table: pa.Table, limit: int = 2**31 - 1) -> pa.RecordBatch:
    """Returns a table as one record batch.

    Args:
        table: the table.
        limit: bytes from which on a column of texts needs 64 bit offsets.
    """
    schema = table.schema
    for i, field in enumerate(schema):
        if table.column(i).nbytes >= limit:
            schema = schema.set(i, field.with_type(_LARGE.get(field.type, field.type)))
    columns = [column.combine_chunks() for column in table.cast(schema).columns]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


_LARGE = {pa.string(): pa.large_string(), pa.list_(pa.string()): pa.large_list(pa.large_string())}


def _typed(
    source: Source, wanted: Sequence[Field], broken: collections.Counter[str]
) -> Iterator[tuple[pa.RecordBatch, dict[str, int]]]:
    try:
        for raw in read(source.path, [field.source for field in wanted], broken):
            yield cast(raw, wanted)
    except (pa.ArrowException, OSError, TypeError) as error:
        raise ValueError(f"{source.path}, a file of the {source.log} log: {error}") from error


def _finish(
    batch: pa.RecordBatch,
    source: Source,
    config: IngestConfig,
    evaluated: Collection[datetime.date],
    connection: duckdb.DuckDBPyConnection,
) -> pa.RecordBatch:
    """Adds what the join needs to know of a row beside its columns."""
    if source.log != "impressions":
        later = pa.array(np.full(batch.num_rows, source.later))
        value = batch[VALUE] if VALUE in batch.schema.names else pa.nulls(len(batch), pa.float64())
        return pa.RecordBatch.from_arrays([*batch.columns[:2], value, later], schema=EVENT_SCHEMA)
    if isinstance(config.split, HashSplit):
        in_eval = in_share(stable_hash(batch[KEY], connection), config.split.eval)
        batch = batch.drop_columns([KEY])
    else:
        in_eval = np.full(batch.num_rows, source.span in evaluated)
    return batch.append_column(IN_EVAL, pa.array(in_eval))


def _deal(
    batch: pa.RecordBatch, log: str, partitions: int, connection: duckdb.DuckDBPyConnection
) -> Iterator[tuple[int, pa.RecordBatch]]:
    if partitions == 1:
        return iter([(0, batch)])
    ids = batch[IMPRESSION_ID if log == "impressions" else ID]
    return split_batch(batch, stable_hash(ids, connection), partitions)


def _flush(
    pending: dict[int, list[pa.RecordBatch]], log: str, number: int, place: int
) -> Iterator[tuple[int, Block]]:
    # LZ4 halves what waits in the shuffle and costs next to nothing.
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    for partition, batches in sorted(pending.items()):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batches[0].schema, options=options) as writer:
            for batch in batches:
                writer.write_batch(batch)
        yield partition, (log, number, place, sink.getvalue().to_pybytes())
    pending.clear()
