"""One partition's three tables -> labelled examples, and what became of every row of it."""

import collections
import contextlib
import dataclasses
import datetime
import itertools
from collections.abc import Iterator, Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.log_example_gen import ledger
from components.log_example_gen.attribution import attribute
from components.log_example_gen.config import IngestConfig
from components.log_example_gen.encode import examples, features
from components.log_example_gen.events import (
    EVENT_SCHEMA,
    FEATURES,
    HASH,
    IMPRESSION_SCHEMA,
    PLACE,
    SAMPLE,
    SPLIT,
    file_and_row,
)
from components.log_example_gen.files import Source
from components.log_example_gen.partition import SEALED
from components.log_example_gen.rejects import REJECTS_SCHEMA, rejects_table
from schemas.logs import IMPRESSION_ID, IMPRESSION_TIME, SPLITS, TRAIN

_NO_EVENTS = pa.RecordBatch.from_pylist([], EVENT_SCHEMA)
_NO_IMPRESSIONS = pa.RecordBatch.from_pylist([], IMPRESSION_SCHEMA)
_NO_SAMPLE = _NO_IMPRESSIONS.select([PLACE])


@dataclasses.dataclass(frozen=True)
class Joining:
    """What decides how a partition is joined, the same for all of them.

    Attributes:
        config: of the ingestion.
        spans: the days whose impressions were read.
        known_until: the cut-off, in microseconds since 1970.
        sources: the log files, by number.
    """

    config: IngestConfig
    spans: Sequence[datetime.date]
    known_until: int
    sources: Sequence[Source]


@dataclasses.dataclass(frozen=True)
class Labelled:
    """The examples of one split, one span and one partition.

    Attributes:
        split: train, validation or eval.
        span: the day of the log files in which their impressions lie.
        partition: which one.
        impressions: all rows of the partition's impressions, as in IMPRESSION_SCHEMA.
        rows: int64 [examples], the rows of `impressions` that are examples, in order.
        labels: what the join found for each of them, by column.
        sample: some of the examples with all their columns, maybe none.
    """

    split: str
    span: datetime.date
    partition: int
    impressions: pa.RecordBatch
    rows: pa.Array
    labels: pa.RecordBatch
    sample: pa.RecordBatch

    def column(self, name: str) -> pa.Array:
        """Returns one column of the examples that is not encoded."""
        if name in self.labels.schema.names:
            return self.labels[name]
        return self.impressions[name].take(self.rows)

    def examples(self, size: int = 8192) -> Iterator[list[pa.Array]]:
        """Yields at most `size` serialized tf.Examples at a time, in pieces to be joined."""
        encoded = self.impressions[FEATURES]
        for start in range(0, len(self.rows), size):
            own = encoded.take(self.rows.slice(start, size))
            yield examples(own, features(self.labels.slice(start, size)))


@dataclasses.dataclass(frozen=True)
class Joined:
    """What came of a partition.

    Attributes:
        labelled: its examples, by split and span.
        account: what became of its rows.
        rejects: its orphans and conflicts, as REJECTS_SCHEMA says.
    """

    labelled: Sequence[Labelled]
    account: ledger.Account
    rejects: pa.Table


def label(partition: int, tables: Mapping[str, pa.RecordBatch], joining: Joining) -> Joined:
    """Labels the impressions of a partition and says what became of every row of it.

    Args:
        partition: its number.
        tables: by log, and SAMPLE; with columns as `events` says. One without rows may be absent.
        joining: by which rules.
    """
    config = joining.config
    impressions = tables.get("impressions", _NO_IMPRESSIONS)
    with contextlib.closing(duckdb.connect(config=SEALED)) as connection:
        _register(connection, impressions, tables)
        unclicked = 1.0 if config.sampling is None else config.sampling.unclicked
        attribute(connection, config.attribution, joining.spans, joining.known_until, unclicked)
        found = connection.execute("SELECT * FROM labels").to_arrow_table()
        repeats = connection.execute("SELECT row, kept FROM again ORDER BY place").to_arrow_table()
        told = [_of_impressions(impressions, found, repeats)]
        events = [log for log in config.logs.present() if log != "impressions"]
        told += [_of_events(connection, log) for log in events]
    labelled = _split(partition, found.filter(found["wanted"]), tables, joining)
    accounts = [_of_examples(examples, config) for examples in labelled]
    account = ledger.add([_account(told, joining.sources), *accounts])
    return Joined(labelled, account, _rejects(told, tables, joining))


# The places of rows, by log and fate.
_Told = tuple[str, Mapping[str, pa.Array]]


def _register(
    connection: duckdb.DuckDBPyConnection,
    impressions: pa.RecordBatch,
    tables: Mapping[str, pa.RecordBatch],
) -> None:
    narrow = {
        "row": pa.array(np.arange(impressions.num_rows)),
        "id": impressions.column(IMPRESSION_ID),
        "time": impressions.column(IMPRESSION_TIME),
        "trains": pc.equal(impressions.column(SPLIT), SPLITS.index(TRAIN)),
        "place": impressions.column(PLACE),
        "hash": impressions.column(HASH),
    }
    connection.register("impressions", pa.table(narrow))
    for log in ("clicks", "conversions"):
        events = tables.get(log, _NO_EVENTS)
        names = [name.strip("{}") for name in events.schema.names]
        connection.register(log, pa.table(events.columns, names=names))


def _of_impressions(impressions: pa.RecordBatch, found: pa.Table, repeats: pa.Table) -> _Told:
    wanted = found["wanted"]
    rows = {
        ledger.EXAMPLES: found.filter(wanted)["row"],
        ledger.SAMPLED_OUT: found.filter(pc.invert(wanted))["row"],
    }
    again, kept = (repeats[name].combine_chunks() for name in ("row", "kept"))
    # One encoding, one content: the same values are the same bytes.
    same = pc.equal(*(impressions[FEATURES].take(those) for those in (again, kept)))
    rows |= {ledger.DUPLICATES: again.filter(same), ledger.CONFLICTS: again.filter(pc.invert(same))}
    return "impressions", {fate: impressions[PLACE].take(those) for fate, those in rows.items()}


def _of_events(connection: duckdb.DuckDBPyConnection, log: str) -> _Told:
    table = connection.execute(
        f"SELECT place, fate FROM {log[:-1]}_fates ORDER BY place"
    ).to_arrow_table()
    places, fates = table["place"].combine_chunks(), table["fate"].combine_chunks()
    return log, {fate: places.filter(pc.equal(fates, fate)) for fate in ledger.FATES[log]}


def _account(told: Sequence[_Told], sources: Sequence[Source]) -> ledger.Account:
    counts: collections.Counter[tuple[str, ...]] = collections.Counter()
    for log, places in told:
        for fate, those in places.items():
            numbers, rows = np.unique(file_and_row(those)[0], return_counts=True)
            for number, count in zip(numbers.tolist(), rows.tolist(), strict=True):
                counts[log, sources[number].path, fate] += count
    return ledger.Account(dict(counts))


def _rejects(
    told: Sequence[_Told], tables: Mapping[str, pa.RecordBatch], joining: Joining
) -> pa.Table:
    """Returns the events that fit nothing, and impressions that contradict another, as rejects."""
    found = [REJECTS_SCHEMA.empty_table()]
    for log, places in told:
        columns = ", ".join(joining.config.logs.present()[log].id)
        for fate, reason in ledger.KEPT.items():
            those = places.get(fate)
            if those is None or not len(those):
                continue
            batch = tables[log]
            where = pc.index_in(those, batch[PLACE])
            files, rows = file_and_row(those)
            found.append(
                rejects_table(
                    log,
                    [joining.sources[number].path for number in files.tolist()],
                    pa.array(rows),
                    reason,
                    column=columns,
                    values=batch.column(0).take(where),
                )
            )
    return pa.concat_tables(found)


def _split(
    partition: int,
    found: pa.Table,
    tables: Mapping[str, pa.RecordBatch],
    joining: Joining,
) -> list[Labelled]:
    """Returns the examples in `found`, what the join made of impressions, by split and span."""
    impressions = tables.get("impressions", _NO_IMPRESSIONS)
    # Where a log is absent, its label may be a column of the impressions.
    wanted = [
        column.name
        for column in joining.config.columns
        if column.name in found.column_names and column.name not in impressions.schema.names
    ]
    rows = found["row"].combine_chunks()
    splits = np.asarray(impressions[SPLIT].take(rows))
    files = file_and_row(impressions[PLACE].take(rows))[0]
    days = np.array([source.span for source in joining.sources], "datetime64[D]")[files]
    labelled = []
    for split, day in itertools.product(np.unique(splits).tolist(), np.unique(days)):
        chosen = pa.array((splits == split) & (days == day))
        part = found.filter(chosen).combine_chunks()
        if not part.num_rows:
            continue
        [labels] = part.select(wanted).to_batches() if wanted else [_no_columns(part.num_rows)]
        own = rows.filter(chosen)
        sample = _sample(tables.get(SAMPLE, _NO_SAMPLE), impressions[PLACE].take(own), labels)
        labelled.append(
            Labelled(SPLITS[split], day.item(), partition, impressions, own, labels, sample)
        )
    return labelled


def _no_columns(rows: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"": pa.nulls(rows)}).select([])


def _sample(sample: pa.RecordBatch, places: pa.Array, labels: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the sampled impressions that became examples, with their labels."""
    where = pc.index_in(sample[PLACE], places)
    there = where.is_valid()
    sample, labels = sample.filter(there), labels.take(where.drop_null())
    names = [*sample.schema.names, *labels.schema.names]
    return pa.RecordBatch.from_arrays([*sample.columns, *labels.columns], names=names)


def _of_examples(examples: Labelled, config: IngestConfig) -> ledger.Account:
    """Counts the examples, those where each label is 1, and tells when they were shown."""
    counts: dict[tuple[str, ...], int] = {(ledger.EXAMPLES, examples.split): len(examples.rows)}
    for column in config.columns:
        if column.role == "label" and column.type == "int":
            ones = pc.sum(examples.column(column.name)).as_py() or 0
            counts[ledger.POSITIVES, examples.split, column.name] = ones
    when = pc.min_max(examples.column(IMPRESSION_TIME)).as_py()
    # Which impressions they are, whatever their labels: late events change only those.
    ids = int(np.sum(np.asarray(examples.column(HASH)), dtype=np.uint64))
    return ledger.Account(
        counts,
        moments={examples.split: (when["min"], when["max"])},
        spans={(examples.split, examples.span): ledger.Content(len(examples.rows), ids)},
    )
