"""One partition's three tables -> labels: which click is whose, which conversion follows it.

DuckDB sees ids, times and row numbers only; the features stay where they are in Arrow until their
rows are taken in the order that the query asks for. (Polars would do; DuckDB's SQL says the rules
so that an analyst can check them.)
"""

import collections
import contextlib
import dataclasses
from collections.abc import Iterator, Mapping

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.log_example_gen import ledger
from components.log_example_gen.cast import ID, TIME
from components.log_example_gen.config import EVAL, TRAIN
from schemas.logs import IMPRESSION_ID, IMPRESSION_TIME, VALUE, Attribution, Logs

# Columns beside those of an example. Braces cannot meet a log's columns.
IN_EVAL = "{eval}"
LATER = "{later}"

EVENT_SCHEMA = pa.schema(
    [(ID, pa.string()), (TIME, pa.int64()), (VALUE, pa.float64()), (LATER, pa.bool_())]
)
_NO_EVENTS = pa.RecordBatch.from_pylist([], EVENT_SCHEMA)
_NO_IMPRESSIONS = pa.RecordBatch.from_pylist(
    [],
    pa.schema([(IMPRESSION_ID, pa.string()), (IMPRESSION_TIME, pa.int64()), (IN_EVAL, pa.bool_())]),
)

# Impressions with one id are one impression, the earliest. Rows arrive in the order of the files'
# names, so that even a tie has one winner.
_KEPT = """
CREATE TEMP TABLE kept AS
SELECT row, id, time, in_eval FROM impressions
QUALIFY row_number() OVER (PARTITION BY id ORDER BY time, row) = 1
"""

# A click log may say the same thing twice. Other clicks on the impression stay: an early one may
# lie outside the window.
_CLICKS = """
CREATE TEMP TABLE click_fates AS
SELECT
    kept.row, clicks.time, repeats,
    CASE
        WHEN kept.row IS NULL THEN if(later, 'later', 'orphans')
        WHEN clicks.time - kept.time BETWEEN 0 AND $click_window THEN 'joined'
        ELSE 'outside_window'
    END AS fate
FROM (
    SELECT id, time, bool_and(later) AS later, count(*) - 1 AS repeats
    FROM clicks GROUP BY id, time
) AS clicks
LEFT JOIN kept USING (id)
"""

_FIRST_CLICKS = """
CREATE TEMP TABLE first_clicks AS
SELECT row, min(time) AS time FROM click_fates WHERE fate = 'joined' GROUP BY row
"""

_CONVERSIONS = """
CREATE TEMP TABLE conversion_fates AS
SELECT
    kept.row, conversions.time, value, repeats,
    CASE
        WHEN kept.row IS NULL THEN if(later, 'later', 'orphans')
        WHEN first_clicks.time IS NULL THEN 'unclicked'
        WHEN conversions.time - first_clicks.time BETWEEN 0 AND $conversion_window THEN 'joined'
        ELSE 'outside_window'
    END AS fate
FROM (
    SELECT id, time, value, bool_and(later) AS later, count(*) - 1 AS repeats
    FROM conversions GROUP BY id, time, value
) AS conversions
LEFT JOIN kept USING (id)
LEFT JOIN first_clicks USING (row)
"""

# Examples come out in the order of a hash: shuffled, and the same whatever the files' order. The
# sum is ordered because floats do not add up the same in every order.
_LABELS = """
SELECT
    kept.row, in_eval,
    (first_clicks.row IS NOT NULL)::BIGINT AS click,
    (converted.row IS NOT NULL)::BIGINT AS conversion,
    coalesce(converted.value, 0)::FLOAT AS value
FROM kept
LEFT JOIN first_clicks USING (row)
LEFT JOIN (
    SELECT row, sum(value ORDER BY time, value) AS value
    FROM conversion_fates WHERE fate = 'joined' GROUP BY row
) AS converted USING (row)
ORDER BY md5_number_lower(id), id
"""


@dataclasses.dataclass(frozen=True)
class Labelled:
    """The examples of one split in one partition.

    Attributes:
        split: train or eval.
        partition: which one.
        impressions: all rows of the partition's impressions, typed.
        rows: int64 [examples], the rows of `impressions` that are examples, in order.
        labels: what the join found for each of them, by column.
    """

    split: str
    partition: int
    impressions: pa.RecordBatch
    rows: pa.Array
    labels: Mapping[str, pa.Array]

    def column(self, name: str) -> pa.Array:
        """Returns one column of the examples."""
        found = self.labels.get(name)
        return self.impressions[name].take(self.rows) if found is None else found

    def batches(self, size: int = 8192) -> Iterator[pa.RecordBatch]:
        """Yields the columns of examples, at most `size` at a time."""
        for start in range(0, len(self.rows), size):
            taken = self.impressions.take(self.rows.slice(start, size))
            columns = {name: taken.column(name) for name in taken.schema.names}
            columns |= {name: array.slice(start, size) for name, array in self.labels.items()}
            yield pa.RecordBatch.from_pydict(columns)


def label(
    partition: int, tables: Mapping[str, pa.RecordBatch], logs: Logs, attribution: Attribution
) -> tuple[list[Labelled], ledger.Counts]:
    """Labels the impressions of a partition and counts what became of every row of it.

    Args:
        partition: its number.
        tables: by log; impressions with columns IMPRESSION_ID, IMPRESSION_TIME, IN_EVAL and what
            else an example has, events as in EVENT_SCHEMA. A log without rows may be absent.
        logs: which logs there are, hence which labels.
        attribution: the windows.
    """
    impressions = tables.get("impressions", _NO_IMPRESSIONS)
    with contextlib.closing(duckdb.connect()) as connection:
        found = _attribute(connection, impressions, tables, attribution)
        counts = _fates(connection, logs)
    counts["impressions", ledger.DUPLICATES] = impressions.num_rows - found.num_rows
    labels = [*logs.labels()]
    if logs.conversions is not None and logs.conversions.value is not None:
        labels.append(VALUE)
    features = impressions.drop_columns([IN_EVAL])
    labelled = []
    for split, wanted in ((TRAIN, pc.invert(found["in_eval"])), (EVAL, found["in_eval"])):
        part = found.filter(wanted).combine_chunks()
        if part.num_rows:
            arrays = {name: part[name].chunk(0) for name in ("row", *labels)}
            labelled.append(Labelled(split, partition, features, arrays.pop("row"), arrays))
    return labelled, counts


def _attribute(
    connection: duckdb.DuckDBPyConnection,
    impressions: pa.RecordBatch,
    tables: Mapping[str, pa.RecordBatch],
    attribution: Attribution,
) -> pa.Table:
    """Runs the queries; returns row, in_eval, click, conversion and value, in order."""
    narrow = {
        "row": pa.array(np.arange(impressions.num_rows)),
        "id": impressions.column(IMPRESSION_ID),
        "time": impressions.column(IMPRESSION_TIME),
        "in_eval": impressions.column(IN_EVAL),
    }
    connection.register("impressions", pa.table(narrow))
    for log in ("clicks", "conversions"):
        events = tables.get(log, _NO_EVENTS)
        connection.register(log, pa.table(events.columns, names=[ID, TIME, VALUE, "later"]))
    connection.execute(_KEPT)
    connection.execute(_CLICKS, {"click_window": attribution.click_window * 1_000_000})
    connection.execute(_FIRST_CLICKS)
    window = {"conversion_window": attribution.conversion_window * 1_000_000}
    connection.execute(_CONVERSIONS, window)
    return connection.execute(_LABELS).to_arrow_table()


def _fates(
    connection: duckdb.DuckDBPyConnection, logs: Logs
) -> collections.Counter[tuple[str, ...]]:
    counts: collections.Counter[tuple[str, ...]] = collections.Counter()
    for log, table in (("clicks", "click_fates"), ("conversions", "conversion_fates")):
        if log not in logs.present():
            continue
        query = f"SELECT fate, count(*), sum(repeats) FROM {table} GROUP BY fate"
        counts.update({(log, fate): 0 for fate in ledger.FATES[log]})
        for fate, events, repeats in connection.execute(query).fetchall():
            counts[log, fate] += events
            counts[log, ledger.DUPLICATES] += int(repeats)
    return counts
