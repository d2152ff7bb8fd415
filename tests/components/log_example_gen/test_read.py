import collections
import decimal
import gzip

import pyarrow as pa
import pyarrow.parquet
import pytest

from components.log_example_gen import read as reading


def rows(path, columns):
    broken = collections.Counter()
    batches = list(reading.read(str(path), columns, broken))
    found = pa.Table.from_batches(batches).to_pylist() if batches else []
    return found, dict(broken)


def test_parquet_keeps_its_types(tmp_path):
    price = [decimal.Decimal("1.50"), None]
    pa.parquet.write_table(
        pa.table({"id": [1, 2], "p": price, "x": [0, 0]}), tmp_path / "a.parquet"
    )
    found, _ = rows(tmp_path / "a.parquet", ["p", "id"])
    assert found == [{"id": 1, "p": price[0]}, {"id": 2, "p": None}]


def test_csv_gives_bytes_of_the_wanted_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('\ufeffid,x,"na,me"\n1,0,ab\n02,0,"c\nd"\n,0,""\n', encoding="utf-8")
    found, broken = rows(path, ["id", "na,me"])
    assert found == [
        {"id": b"1", "na,me": b"ab"},
        {"id": b"02", "na,me": b"c\nd"},
        {"id": b"", "na,me": b""},
    ]
    assert broken == {}


def test_a_csv_line_with_other_fields_is_counted(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,name\n1,a\n2\n3,c\n4,d,e\n5,f,g\n")
    found, broken = rows(path, ["id"])
    assert [row["id"] for row in found] == [b"1", b"3"]
    assert broken == {"row: 1 fields instead of 2": 1, "row: 3 fields instead of 2": 2}


def test_json_lines_keep_their_types(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "h": ["a"]}\n\n{"id": 2, "x": {}}\n')
    assert rows(path, ["id", "h"])[0] == [{"id": 1, "h": ["a"]}, {"id": 2, "h": None}]


@pytest.mark.parametrize(
    "name, text, expected",
    [("a.csv.gz", "id\n7\n", b"7"), ("a.jsonl.gz", '{"id": 7}\n', 7)],
)
def test_gzip_is_inflated_even_in_several_members(tmp_path, name, text, expected):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text[:3].encode()) + gzip.compress(text[3:].encode()))
    assert rows(path, ["id"])[0] == [{"id": expected}]


def test_a_gzip_file_cut_short_is_an_error(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"id\n" + b"7\n" * 1000)[:-12])
    with pytest.raises(OSError, match="Truncated"):
        rows(path, ["id"])


def test_a_large_file_comes_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(reading, "BATCH_ROWS", 100)
    numbers = [str(i) for i in range(1000)]
    (tmp_path / "a.csv").write_text("id\n" + "\n".join(numbers))
    (tmp_path / "a.jsonl").write_text("".join(f'{{"id": "{n}"}}\n' for n in numbers))
    pa.parquet.write_table(pa.table({"id": numbers}), tmp_path / "a.parquet")
    for form in ("csv", "jsonl", "parquet"):
        batches = list(reading.read(f"{tmp_path}/a.{form}", ["id"], collections.Counter()))
        assert len(batches) > 3, form
        ids = [value.as_py() for batch in batches for value in batch["id"].cast(pa.string())]
        assert ids == numbers, form


def test_a_field_of_many_lines_is_not_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK_BYTES", 100)
    text = "line\n" * 10
    (tmp_path / "a.csv").write_text("id,text\n" + f'1,"{text}"\n' * 20)
    found, broken = rows(tmp_path / "a.csv", ["text", "id"])
    assert found == [{"text": text.encode(), "id": b"1"}] * 20 and broken == {}


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_missing_column_is_named_with_those_present(write_log, form):
    path = write_log("clicks", "2024-05-01", {"id": [1], "when": [2]}, form)
    with pytest.raises(ValueError, match=f"part.{form} has no column 'time'. .* are: id, when"):
        rows(path, ["id", "time"])


def test_an_empty_csv_file_has_no_columns(tmp_path):
    (tmp_path / "a.csv").touch()
    with pytest.raises(ValueError, match=r"has no column 'id'. Its columns are: none"):
        rows(tmp_path / "a.csv", ["id"])


def test_files_without_rows_have_no_rows(write_log, tmp_path):
    (tmp_path / "a.jsonl").touch()
    assert rows(tmp_path / "a.jsonl", ["id"]) == ([], {})
    for form in ("csv", "parquet"):
        assert rows(write_log("clicks", "2024-05-01", {"id": []}, form), ["id"]) == ([], {})


def test_a_name_must_say_a_format(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(
        ValueError, match=r"must say its format: .parquet, .csv, .* Received: .*a.txt"
    ):
        rows(tmp_path / "a.txt", ["id"])
