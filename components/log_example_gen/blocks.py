"""Files of one log -> typed rows, dealt out to partitions in segments of a file that waits.

Every row carries its place, the number of its file and its own number there: the order of the logs
survives the shuffle, and whatever becomes of a row can be counted and told by file and line.
"""

import collections
import contextlib
import dataclasses
import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import duckdb
import numpy as np
import pyarrow as pa

from components.log_example_gen import ledger
from components.log_example_gen.ahead import ahead
from components.log_example_gen.cast import KEY, cast, fields
from components.log_example_gen.config import IngestConfig
from components.log_example_gen.encode import features
from components.log_example_gen.events import (
    EVENT_SCHEMA,
    FEATURES,
    HASH,
    ID,
    IMPRESSION_SCHEMA,
    PLACE,
    SAMPLE,
    SPLIT,
    TIME,
    place,
)
from components.log_example_gen.files import Source
from components.log_example_gen.partition import (
    SEALED,
    in_share,
    rehash,
    split_batch,
    stable_hash,
)
from components.log_example_gen.read import Unreadable, read_steps
from components.log_example_gen.rejects import REJECTS_SCHEMA, Rejects
from components.log_example_gen.spill import Segment, Spill
from schemas.logs import (
    EVAL,
    IMPRESSION_ID,
    IMPRESSION_TIME,
    SPLITS,
    TRAIN,
    VALIDATION,
    HashSplit,
)

BLOCK_BYTES = 64 * 2**20
# At a time: what lies in the processor's cache is joined and put in order faster.
_ENCODED_ROWS = 16384


@dataclasses.dataclass(frozen=True)
class Reading:
    """What decides how rows are read, the same for every file.

    Attributes:
        config: of the ingestion.
        splits: of a split by time, the split that each span is in.
        known_until: microseconds since 1970; what happened later is not known yet.
        partitions: over how many to deal the rows out.
        folder: where segments wait.
        sampled: the share of the impressions in which leaks are looked for.
    """

    config: IngestConfig
    splits: Mapping[datetime.date, str]
    known_until: int
    partitions: int
    folder: str
    sampled: float = 1.0


@dataclasses.dataclass(frozen=True)
class Block:
    """What came of some of the rows of a group of files.

    Attributes:
        segments: where the rows wait, by partition.
        account: what became of others.
        rejects: those that are refused, as REJECTS_SCHEMA says.
        name: of the block: unique, and the same on every run.
    """

    segments: Sequence[tuple[int, Segment]]
    account: ledger.Account
    rejects: pa.Table
    name: str


def read_blocks(sources: Sequence[tuple[int, Source]], reading: Reading) -> Iterator[Block]:
    """Yields blocks of rows and rejects, about BLOCK_BYTES each, and last what was counted.

    Args:
        sources: numbered files of one log; the numbers decide between equal duplicates.
        reading: how to read them.
    """
    first, log = sources[0][0], sources[0][1].log
    accounts: list[ledger.Account] = []
    pending: dict[tuple[str, int], list[pa.RecordBatch]] = collections.defaultdict(list)
    refused: list[pa.Table] = [REJECTS_SCHEMA.empty_table()]
    blocks = pending_bytes = 0

    def flush() -> Block:
        with Spill(reading.folder) as spill:
            segments = [
                (partition, spill.write(name, place(first, blocks), batches))
                for (name, partition), batches in sorted(pending.items())
            ]
        block = Block(
            segments,
            ledger.add(accounts),
            pa.concat_tables(refused),
            f"{log}-{first:05d}-{blocks:05d}",
        )
        pending.clear()
        accounts.clear()
        del refused[1:]
        return block

    with contextlib.closing(duckdb.connect(config=SEALED)) as connection:
        typed = ahead(_typed(sources, reading, connection))
        for found in ahead(_travelling(typed, log, reading)):
            if isinstance(found, ledger.Account):
                accounts.append(found)
                continue
            if isinstance(found, pa.Table):
                refused.append(found)
                pending_bytes += found.nbytes
            else:
                name, batch = found
                for partition, part in split_batch(batch, reading.partitions):
                    pending[name, partition].append(part)
                pending_bytes += batch.nbytes
            if pending_bytes > BLOCK_BYTES:
                yield flush()
                blocks, pending_bytes = blocks + 1, 0
        yield flush()


# What comes of a file: rows, those that were refused, and last what was counted.
_Found: TypeAlias = pa.RecordBatch | pa.Table | ledger.Account


def _travelling(
    typed: Iterator[_Found], log: str, reading: Reading
) -> Iterator[tuple[str, pa.RecordBatch] | pa.Table | ledger.Account]:
    """Yields what goes to the join of typed rows: impressions encoded, and a sample of them as is.

    Which impressions are in the sample their hashes say, as good as a die.
    """
    roles = {column.name: column.role for column in reading.config.columns}
    for batch in typed:
        if not isinstance(batch, pa.RecordBatch):
            yield batch
            continue
        if log != "impressions":
            yield log, batch
            continue
        own = [name for name in batch.schema.names if name in roles]
        narrow = [
            *(name for name in IMPRESSION_SCHEMA.names if name != FEATURES),
            *(name for name in own if roles[name] == "label"),
        ]
        for start in range(0, batch.num_rows, _ENCODED_ROWS):
            part = batch.slice(start, _ENCODED_ROWS)
            yield log, part.select(narrow).append_column(FEATURES, features(part.select(own)))
        sample = batch.filter(pa.array(in_share(rehash(batch[HASH]), reading.sampled)))
        if sample.num_rows:
            yield SAMPLE, sample


def _typed(
    sources: Sequence[tuple[int, Source]],
    reading: Reading,
    connection: duckdb.DuckDBPyConnection,
) -> Iterator[_Found]:
    for number, source in sources:
        rejects = Rejects(source.log, source.path)
        account = ledger.FileAccount(source.log, source.path)
        for batch in _known(number, source, reading, rejects, account, connection):
            if batch.num_rows:
                yield batch
            if rejects.pending:
                yield rejects.take()
        yield rejects.take()
        yield account.close(rejects)


def _known(
    number: int,
    source: Source,
    reading: Reading,
    rejects: Rejects,
    account: ledger.FileAccount,
    connection: duckdb.DuckDBPyConnection,
) -> Iterator[pa.RecordBatch]:
    """Yields the rows that cast and had happened by the cut-off, with what the join must know."""
    wanted = fields(reading.config)[source.log]
    try:
        for rows in read_steps(source.path, [field.source for field in wanted], rejects):
            typed, numbers = cast(rows, wanted, rejects)
            account.cast += typed.num_rows
            when = typed[TIME if source.log != "impressions" else IMPRESSION_TIME]
            late = np.asarray(when) > reading.known_until
            if late.any():
                account.after_cutoff += int(np.count_nonzero(late))
                typed, numbers = typed.filter(pa.array(~late)), numbers[~late]
            yield _finish(typed, number, numbers, source, reading, connection)
    except Unreadable as error:
        rejects.broken(error.reason, error.number)
    except TypeError as error:
        rejects.broken(str(error))


def _finish(
    batch: pa.RecordBatch,
    number: int,
    numbers: np.ndarray,
    source: Source,
    reading: Reading,
    connection: duckdb.DuckDBPyConnection,
) -> pa.RecordBatch:
    """Adds what the join needs to know of a row beside its columns."""
    places = pa.array(place(number, 0) | numbers)
    ids = batch[IMPRESSION_ID if source.log == "impressions" else ID]
    hashes = pa.array(stable_hash(ids, connection))
    if source.log != "impressions":
        given = {name: batch[name] for name in batch.schema.names}
        given |= {PLACE: places, HASH: hashes}
        columns = [
            given.get(field.name, pa.nulls(batch.num_rows, field.type)) for field in EVENT_SCHEMA
        ]
        return pa.RecordBatch.from_arrays(columns, schema=EVENT_SCHEMA)
    split = reading.config.split
    if isinstance(split, HashSplit):
        numbers_of_splits = _split_by(stable_hash(batch[KEY], connection), split)
        batch = batch.drop_columns([KEY])
    else:
        number_of_split = SPLITS.index(reading.splits[source.span])
        numbers_of_splits = np.full(batch.num_rows, number_of_split)
    more = {SPLIT: pa.array(numbers_of_splits, pa.int8()), PLACE: places, HASH: hashes}
    return pa.RecordBatch.from_arrays(
        [*batch.columns, *more.values()], names=[*batch.schema.names, *more]
    )


def _split_by(hashes: np.ndarray, split: HashSplit) -> np.ndarray:
    """Returns the number of each row's split, int [rows]; evaluation does not depend on the rest.

    Args:
        hashes: of the key, uint64 [rows]. Eval has the lowest, validation those that follow.
        split: the shares.
    """
    evaluated = in_share(hashes, split.eval)
    held_back = in_share(hashes, split.eval + split.validation)
    choices = [SPLITS.index(EVAL), SPLITS.index(VALIDATION)]
    return np.select([evaluated, held_back], choices, SPLITS.index(TRAIN))
