import pyarrow as pa
import pyarrow.parquet as pq

from simulation.partitions import Log, Partition

SCHEMA = pa.schema([("impression_id", pa.string()), ("timestamp", pa.int64())])
DAY = 86_400


def events(*times):
    columns = {"impression_id": [str(time) for time in times], "timestamp": times}
    return pa.table(columns, schema=SCHEMA)


def times(path):
    return pq.read_table(path).column("timestamp").to_pylist()


def test_an_event_lies_in_the_utc_day_of_its_own_time(tmp_path):
    log = Log(tmp_path / "clicks", "parquet", SCHEMA)
    log.write(events(DAY - 1, DAY, 0, 3 * DAY))
    log.close()
    found = {path.parent.name: times(path) for path in tmp_path.rglob("part-00000.parquet")}
    assert found == {"1970-01-01": [DAY - 1, 0], "1970-01-02": [DAY], "1970-01-04": [3 * DAY]}


def test_a_day_that_is_opened_exists_even_without_events(tmp_path):
    log = Log(tmp_path, "jsonl", SCHEMA)
    log.open_day(0)
    log.close()
    assert (tmp_path / "1970-01-01" / "part-00000.jsonl").read_text() == ""


def test_days_before_the_present_are_ended_and_others_go_on(tmp_path):
    log = Log(tmp_path, "parquet", SCHEMA)
    log.write(events(1, DAY))
    log.close_before(1)
    assert times(tmp_path / "1970-01-01" / "part-00000.parquet") == [1]
    log.write(events(DAY + 1))
    log.close()
    assert times(tmp_path / "1970-01-02" / "part-00000.parquet") == [DAY, DAY + 1]


def test_rows_gather_into_groups_and_groups_into_parts(tmp_path):
    partition = Partition(tmp_path / "d", "parquet", SCHEMA, rows_per_group=4, rows_per_part=8)
    for time in range(0, 22, 2):
        partition.write(events(time, time + 1))
    partition.close()
    parts = sorted((tmp_path / "d").glob("part-*"))
    assert [part.name for part in parts] == [f"part-0000{n}.parquet" for n in range(3)]
    assert [times(part) for part in parts] == [
        list(range(8)),
        list(range(8, 16)),
        list(range(16, 22)),
    ]
    assert [pq.ParquetFile(part).num_row_groups for part in parts] == [2, 2, 2]


def test_a_day_is_marked_when_it_is_complete_and_not_before(tmp_path):
    log = Log(tmp_path, "csv", SCHEMA)
    log.write(events(1, DAY))
    log.close_before(1)
    assert [path.parent.name for path in tmp_path.rglob("_SUCCESS")] == ["1970-01-01"]
    log.close()
    marked = sorted(tmp_path.rglob("_SUCCESS"))
    assert [path.parent.name for path in marked] == ["1970-01-01", "1970-01-02"]
    assert [path.read_bytes() for path in marked] == [b"", b""]
