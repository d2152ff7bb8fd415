import datetime
import hashlib

import pyarrow as pa
import pytest

from components.log_example_gen import blocks as module
from components.log_example_gen.blocks import contiguous, read_blocks, tables
from components.log_example_gen.files import Source

MAY_1 = datetime.date(2024, 5, 1)


def source(path, log, later=False):
    return Source(log, MAY_1, str(path), path.stat().st_size, 0, later)


def collect(path, config, log="clicks", number=0, evaluated=(), partitions=1, later=False):
    found = list(read_blocks(number, source(path, log, later), config, evaluated, partitions))
    return found[:-1], found[-1]


def columns(**given):
    rows = len(given["id"])
    return {"user": ["u"] * rows, "age": [1.0] * rows, "history": [["h"]] * rows, **given}


def test_a_file_of_events_becomes_one_block(write_log, make_config, may_1):
    path = write_log("clicks", "2024-05-01", {"id": [1, 2], "time": [may_1, may_1 + 1]})
    [(partition, block)], counts = collect(path, make_config(), number=3, later=True)
    assert (partition, block[:3]) == (0, ("clicks", 3, 0))
    assert tables([block])["clicks"].to_pylist() == [
        {"id": "1", "time": may_1 * 1_000_000, "value": None, "{later}": True},
        {"id": "2", "time": (may_1 + 1) * 1_000_000, "value": None, "{later}": True},
    ]
    assert counts == {("clicks", "read"): 2}


def test_a_conversion_keeps_its_value(write_log, make_config, may_1):
    given = {"id": [1, 2], "time": [may_1, may_1], "price": [0.1, None]}
    path = write_log("conversions", "2024-05-01", given)
    [(_, block)], _ = collect(path, make_config(), "conversions")
    assert tables([block])["conversions"]["value"].to_pylist() == [0.1, None]


def test_what_is_rejected_is_counted_with_broken_lines(write_log, make_config, may_1):
    path = write_log("clicks", "2024-05-01", {"id": ["1", ""], "time": [may_1, may_1]}, "csv")
    path.write_text(path.read_text() + "3\n")
    [(_, block)], counts = collect(path, make_config("csv"))
    assert tables([block])["clicks"]["id"].to_pylist() == ["1"]
    assert counts == {
        ("clicks", "read"): 3,
        ("clicks", "rejected", "id: missing"): 1,
        ("clicks", "rejected", "row: 1 fields instead of 2"): 1,
    }


def test_a_file_without_a_good_row_is_counted(write_log, make_config):
    path = write_log("clicks", "2024-05-01", {"id": [""], "time": [0]}, "csv")
    found, counts = collect(path, make_config("csv"))
    assert sum(tables([block])["clicks"].num_rows for _, block in found) == 0
    assert counts == {("clicks", "read"): 1, ("clicks", "rejected", "id: missing"): 1}


def test_a_split_by_time_asks_for_the_span(write_log, make_config, may_1):
    config = make_config(split={"by": "time", "eval": 1})
    path = write_log("impressions", "2024-05-01", columns(id=[1], time=[may_1]))
    for evaluated, expected in (([MAY_1], True), ([], False)):
        [(_, block)], _ = collect(path, config, "impressions", evaluated=evaluated)
        [row] = tables([block])["impressions"].to_pylist()
        assert row == {
            "impression_id": "1",
            "impression_time": may_1 * 1_000_000,
            "user": "u",
            "age": 1.0,
            "history": ["h"],
            "{eval}": expected,
        }


def test_a_split_by_hash_keeps_a_key_on_one_side_in_any_type(write_log, make_config, may_1):
    users = list(range(40))
    times = [may_1] * 40
    sides = {}
    for form, given in (("parquet", users), ("csv", [str(user) for user in users])):
        path = write_log(
            "impressions", "2024-05-01", columns(id=users, time=times, user=given), form
        )
        [(_, block)], _ = collect(path, make_config(form), "impressions")
        batch = tables([block])["impressions"]
        sides[form] = dict(zip(batch["user"].to_pylist(), batch["{eval}"].to_pylist(), strict=True))
    # The last eight bytes of MD5, little endian, are in the lower half of their range.
    expected = {str(u): hashlib.md5(str(u).encode()).digest()[15] < 128 for u in users}
    assert sides["parquet"] == sides["csv"] == expected


def test_all_logs_deal_an_id_to_one_partition(write_log, make_config, may_1):
    ids, times = list(range(100)), [may_1] * 100
    where = {}
    for log, given in (
        ("impressions", columns(id=ids, time=times)),
        ("clicks", {"id": ids, "time": times}),
    ):
        found, _ = collect(write_log(log, "2024-05-01", given), make_config(), log, partitions=7)
        name = "impression_id" if log == "impressions" else "id"
        where[log] = {i: p for p, block in found for i in tables([block])[log][name].to_pylist()}
    assert where["impressions"] == where["clicks"]
    assert len(where["clicks"]) == 100 and set(where["clicks"].values()) == set(range(7))


def test_a_large_file_becomes_several_blocks_in_order(write_log, make_config, may_1, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", 1)
    monkeypatch.setattr("components.log_example_gen.read.BATCH_ROWS", 10)
    path = write_log("clicks", "2024-05-01", {"id": list(range(35)), "time": [may_1] * 35})
    found, counts = collect(path, make_config())
    assert [block[2] for _, block in found] == [0, 1, 2, 3]
    shuffled = [block for _, block in reversed(found)]
    assert tables(shuffled)["clicks"]["id"].to_pylist() == [str(i) for i in range(35)]
    assert counts == {("clicks", "read"): 35}


def test_blocks_stand_in_the_order_of_their_files(write_log, make_config, may_1):
    blocks = []
    for number, name in ((1, "b"), (0, "a")):
        path = write_log("clicks", "2024-05-01", {"id": [name], "time": [may_1]}, name=name)
        blocks += [block for _, block in collect(path, make_config(), number=number)[0]]
    assert tables(blocks)["clicks"]["id"].to_pylist() == ["a", "b"]


def test_a_column_of_a_wrong_type_names_the_file(write_log, make_config):
    path = write_log("clicks", "2024-05-01", {"id": [1], "time": [[1, 2]]})
    with pytest.raises(
        ValueError, match=r"part.parquet, a file of the clicks log: column 'time': a"
    ):
        collect(path, make_config())


def test_a_file_that_is_none_names_itself(write_log, make_config, may_1):
    path = write_log("clicks", "2024-05-01", {"id": [1], "time": [may_1]})
    path.write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"part.parquet, a file of the clicks log: Parquet"):
        collect(path, make_config())


def test_text_beyond_31_bits_of_bytes_gets_longer_offsets():
    table = pa.table({"a": ["x", "y"], "b": [["z"], []], "c": [1, 2]})
    small, large = contiguous(table), contiguous(table, limit=1)
    assert small.schema.field("a").type == pa.string()
    assert large.schema.field("a").type == pa.large_string()
    assert large.schema.field("b").type == pa.large_list(pa.large_string())
    assert small.to_pylist() == large.to_pylist() == table.to_pylist()
