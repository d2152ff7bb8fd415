"""Files of served scores, of any writer, become rows with an id, a time and scores."""

import datetime

import pyarrow as pa
import pyarrow.parquet
import pytest

from components.log_example_gen.files import Source
from components.log_example_gen.spill import read_segments
from pipeline.errors import RunFailed
from pipeline.monitoring.served import Reading, read_served
from schemas.served_log import Served

NOON = 1_767_225_600 + 43_200


@pytest.fixture
def read(tmp_path):
    """Reads tables as files of one log; returns the rows by id, and what was read."""

    def run(*tables, partitions=1, since=None, until=NOON + 3600, **log):
        given = {"path": "{SPAN}.parquet", "id": "id", "time": {"column": "at"}, **log}
        sources = []
        for number, table in enumerate(tables):
            path = tmp_path / f"{number}.parquet"
            pa.parquet.write_table(table, path)
            day = datetime.date(2026, 1, 1)
            sources.append(Source("served", day, str(path), path.stat().st_size, 0))
        reading = Reading(
            Served.model_validate(given),
            ("ctr", "cvr"),
            None if since is None else since * 1_000_000,
            until * 1_000_000,
            partitions,
            str(tmp_path),
        )
        found = read_served(sources, reading)
        rows = {}
        for number, segments in found.segments.items():
            [batch] = read_segments(segments).values()
            for row in batch.to_pylist():
                rows[row["id"]] = (number, row)
        return rows, found

    return run


def test_rows_have_scores_as_float64_and_nulls_where_a_file_has_no_column(read):
    first = pa.table({"id": ["a"], "at": [NOON], "ctr": pa.array([0.25], pa.float32())})
    second = pa.table(
        {
            "id": [7],
            "at": [NOON],
            "cvr": [0.5],
            "model_version": pa.array(["9"]).dictionary_encode(),
        }
    )
    rows, found = read(first, second)
    told = {
        name: (row["{ctr}"], row["{cvr}"], row["model_version"]) for name, (_, row) in rows.items()
    }
    assert told == {"a": (0.25, None, None), "7": (None, 0.5, "9")}
    assert found.answered == {"ctr", "cvr"}


def test_times_are_read_by_the_logs_clock_or_as_timestamps(read):
    at = pa.array([NOON * 1000], pa.int64())
    stamp = pa.array([NOON * 10**6], pa.timestamp("us", "UTC"))
    clock = {"column": "at", "unit": "ms"}
    for column in (at, stamp):
        rows, _ = read(pa.table({"id": ["a"], "at": column, "ctr": [0.5]}), time=clock)
        assert rows["a"][1]["time"] == NOON * 10**6


def test_an_id_may_be_several_columns(read):
    table = pa.table({"who": ["u"], "what": [3], "at": [NOON], "ctr": [0.5]})
    rows, _ = read(table, id=["who", "what"])
    assert list(rows) == ["u|3"]


def test_rows_outside_the_period_are_passed_over(read):
    times = [NOON - 1, NOON, NOON + 3599, NOON + 3600]
    table = pa.table({"id": list("abcd"), "at": times, "ctr": [0.1, 0.2, 0.3, 0.4]})
    rows, found = read(table, since=NOON)
    assert {name: row["{ctr}"] for name, (_, row) in rows.items()} == {"b": 0.2, "c": 0.3}
    assert not found.left_out


def test_scores_stay_with_their_rows_where_others_are_left_out(read):
    table = pa.table(
        {
            "id": ["a", None, "c", "d"],
            "at": pa.array([NOON, NOON, None, NOON]),
            "ctr": [0.1, 0.2, 0.3, 0.4],
        }
    )
    rows, found = read(table)
    assert {name: row["{ctr}"] for name, (_, row) in rows.items()} == {"a": 0.1, "d": 0.4}
    assert found.left_out == {"id: missing": 1, "at: missing": 1}


def test_an_id_is_always_in_the_same_partition(read):
    ids = [str(number) for number in range(100)]
    table = pa.table({"id": ids, "at": [NOON] * 100, "ctr": [0.5] * 100})
    rows, _ = read(table, partitions=4)
    again, _ = read(table.slice(50), table.slice(0, 50), partitions=4)
    places = {name: number for name, (number, _) in rows.items()}
    assert places == {name: number for name, (number, _) in again.items()}
    assert set(places.values()) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"id": ["a"], "at": [NOON], "p": [0.5]}, "has no column of an output, ctr, cvr"),
        ({"id": ["a"], "ctr": [0.5]}, "has no column 'at'"),
        ({"id": ["a"], "at": [NOON], "ctr": ["half"]}, "0.parquet: .*half"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(read, table, said):
    with pytest.raises(RunFailed, match=said):
        read(pa.table(table))
