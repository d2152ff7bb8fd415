import random

import pyarrow as pa
import pytest

from components.log_example_gen.spill import Segment, Spill, contiguous, read_segments

CLICKS = pa.schema([("id", pa.string()), ("n", pa.int64())])
LISTS = pa.schema([("history", pa.list_(pa.string())), ("age", pa.float32())])


def clicks(*numbers):
    return pa.RecordBatch.from_pylist([{"id": f"i{n}", "n": n} for n in numbers], CLICKS)


def test_a_segment_holds_what_was_written(tmp_path):
    lists = pa.RecordBatch.from_pylist(
        [{"history": ["a", ""], "age": 1.5}, {"history": [], "age": None}], LISTS
    )
    with Spill(str(tmp_path)) as spill:
        segment = spill.write("impressions", 7, [lists, lists.slice(1)])
    [file] = tmp_path.iterdir()
    assert segment == Segment("impressions", 7, str(file), 0, file.stat().st_size)
    found = read_segments([segment])["impressions"]
    assert found.schema == LISTS
    assert found.to_pylist() == [*lists.to_pylist(), {"history": [], "age": None}]


def test_segments_lie_one_behind_the_other_in_one_file(tmp_path):
    with Spill(str(tmp_path)) as spill:
        segments = [spill.write("clicks", n, [clicks(n, n + 1)]) for n in (10, 20, 30)]
    [file] = tmp_path.iterdir()
    assert {segment.path for segment in segments} == {str(file)}
    ends = [segment.offset + segment.length for segment in segments]
    assert [segment.offset for segment in segments] == [0, *ends[:-1]]
    assert ends[-1] == file.stat().st_size
    for segment in segments:
        assert read_segments([segment])["clicks"]["n"].to_pylist() == [
            segment.place,
            segment.place + 1,
        ]


def test_rows_come_back_in_the_order_of_their_places(tmp_path):
    segments = []
    for start in (0, 100):
        with Spill(str(tmp_path)) as spill:
            segments += [
                spill.write("clicks", place, [clicks(place, place + 1), clicks(place + 2)])
                for place in (start + 50, start)
            ]
    random.Random(7).shuffle(segments)
    found = read_segments(segments)["clicks"]
    assert found["n"].to_pylist() == [0, 1, 2, 50, 51, 52, 100, 101, 102, 150, 151, 152]
    assert [column.offset for column in found.columns] == [0, 0]


def test_each_log_comes_back_by_itself(tmp_path):
    events = pa.RecordBatch.from_pylist([{"age": 2.0, "history": ["x"]}], LISTS)
    with Spill(str(tmp_path)) as spill:
        segments = [
            spill.write("clicks", 5, [clicks(1)]),
            spill.write("impressions", 4, [events]),
            spill.write("clicks", 3, [clicks(0)]),
        ]
    found = read_segments(segments)
    assert {log: batch.to_pylist() for log, batch in found.items()} == {
        "clicks": [{"id": "i0", "n": 0}, {"id": "i1", "n": 1}],
        "impressions": [{"history": ["x"], "age": 2.0}],
    }


def test_encoded_rows_come_back_byte_by_byte(tmp_path):
    rows = [b"", bytes(range(256)), b"\n" * 1000]
    batch = pa.RecordBatch.from_pydict({"{features}": pa.array(rows, pa.large_binary())})
    with Spill(str(tmp_path)) as spill:
        segments = [spill.write("impressions", n, [batch.slice(n, 1)]) for n in (2, 0, 1)]
    found = read_segments(segments)["impressions"]
    assert found.schema == batch.schema
    assert found["{features}"].to_pylist() == rows


def test_no_segment_is_no_log():
    assert read_segments([]) == {}


def test_a_batch_without_a_row_keeps_its_columns(tmp_path):
    with Spill(str(tmp_path)) as spill:
        segment = spill.write("clicks", 0, [clicks()])
    assert read_segments([segment])["clicks"].schema == CLICKS


def test_no_two_workers_write_one_file(tmp_path):
    with Spill(str(tmp_path)) as one, Spill(str(tmp_path)) as other:
        segments = [one.write("clicks", 0, [clicks(0)]), other.write("clicks", 1, [clicks(1)])]
    assert segments[0].path != segments[1].path
    assert read_segments(segments)["clicks"]["n"].to_pylist() == [0, 1]


def test_a_file_is_closed_when_its_worker_fails(tmp_path):
    with pytest.raises(KeyError), Spill(str(tmp_path)) as spill:
        segment = spill.write("clicks", 0, [clicks(1, 2)])
        raise KeyError
    assert read_segments([segment])["clicks"]["n"].to_pylist() == [1, 2]


def test_rows_that_repeat_take_less_than_half_their_space(tmp_path):
    batch = clicks(*[1] * 10_000)
    with Spill(str(tmp_path)) as spill:
        segment = spill.write("clicks", 0, [batch])
    assert segment.length < batch.nbytes / 2


def test_a_table_in_pieces_becomes_one_batch():
    table = pa.Table.from_batches([clicks(1), clicks(2, 3), clicks()])
    assert contiguous(table).to_pylist() == table.to_pylist()
    assert contiguous(CLICKS.empty_table()).schema == CLICKS


def test_text_beyond_31_bits_of_bytes_gets_longer_offsets():
    table = pa.table({"a": ["x", "y"], "b": [["z"], []], "c": [1, 2]})
    small, large = contiguous(table), contiguous(table, limit=1)
    assert small.schema == table.schema
    assert large.schema.field("a").type == pa.large_string()
    assert large.schema.field("b").type == pa.large_list(pa.large_string())
    assert large.schema.field("c").type == pa.int64()
    assert small.to_pylist() == large.to_pylist() == table.to_pylist()


def test_only_the_columns_that_need_longer_offsets_get_them():
    table = pa.table({"short": ["x", "y"], "long": ["x" * 100, "y" * 100]})
    limit = table["long"].nbytes
    assert contiguous(table, limit).schema.types == [pa.string(), pa.large_string()]
    assert contiguous(table, limit + 1).schema.types == [pa.string(), pa.string()]
