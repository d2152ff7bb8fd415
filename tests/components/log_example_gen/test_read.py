import decimal
import gzip

import pyarrow as pa
import pyarrow.parquet
import pytest
import zstandard

from components.log_example_gen import read as reading
from components.log_example_gen import read_parquet, streams
from components.log_example_gen.rejects import Rejects

ROW, NOTE = "row", "note"
TAIL = b"7,a\n" * 2000


def read(path, columns):
    """Returns the rows, their numbers, and the rejects as (row, column, value, reason, scope)."""
    rejects = Rejects("clicks", str(path))
    rows, numbers = [], []
    for found in reading.read(str(path), columns, rejects):
        assert found.batch.schema.names == list(columns)
        assert found.numbers.dtype == "int64" and len(found.numbers) == len(found.batch) > 0
        rows += found.batch.to_pylist()
        numbers += found.numbers.tolist()
    keys = ("row", "column", "value", "reason", "scope")
    taken = [tuple(row[key] for key in keys) for row in rejects.take().to_pylist()]
    return rows, numbers, taken


def test_parquet_keeps_its_types(tmp_path):
    price = [decimal.Decimal("1.50"), None]
    pa.parquet.write_table(
        pa.table({"id": [1, 2], "p": price, "x": [0, 0]}), tmp_path / "a.parquet"
    )
    rows, numbers, _ = read(tmp_path / "a.parquet", ["p", "id"])
    assert rows == [{"id": 1, "p": price[0]}, {"id": 2, "p": None}] and numbers == [1, 2]


def test_csv_gives_bytes_of_the_wanted_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('\ufeffid,x,"na,me"\n1,0,ab\n02,0,"c\nd"\n,0,""\n', encoding="utf-8")
    rows, numbers, rejects = read(path, ["id", "na,me"])
    assert rows == [
        {"id": b"1", "na,me": b"ab"},
        {"id": b"02", "na,me": b"c\nd"},
        {"id": b"", "na,me": b""},
    ]
    assert numbers == [2, 3, 5] and rejects == []


def test_json_lines_keep_their_types(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "h": ["a"]}\n\n{"id": 2, "x": {}}\n')
    rows, numbers, _ = read(path, ["id", "h"])
    assert rows == [{"id": 1, "h": ["a"]}, {"id": 2, "h": None}] and numbers == [1, 3]


@pytest.mark.parametrize(
    "name, data, rows, numbers, rejected",
    [
        (
            "a.csv",
            b"id,s\n1,a\n2\n3,c\n4,d,e\n5,f,g\n",
            [b"1", b"3"],
            [2, 4],
            [
                (3, None, "2", "1 fields instead of 2", ROW),
                (5, None, "4,d,e", "3 fields instead of 2", ROW),
                (6, None, "5,f,g", "3 fields instead of 2", ROW),
            ],
        ),
        (
            "a.csv",
            b'id,s\n1,"a\n2,b\n3,"c"\n',
            [b"2", b"3"],
            [3, 4],
            [(2, None, '1,"a', "broken quoting", ROW)],
        ),
        (
            "a.csv",
            b'id,s\n1,a\n2,"b',
            [b"1"],
            [2],
            [(3, None, '2,"b', "broken quoting", ROW)],
        ),
        (
            "a.csv",
            b'id,s\r\n1,"a\r\nb"\r\n\r\n2,"c\r\n3,d\r\n',
            [b"1", b"3"],
            [2, 6],
            [(5, None, '2,"c', "broken quoting", ROW)],
        ),
        (
            "a.csv",
            b"id,s\n1,\xff\xfe\n\xff\n3,c\n",
            [b"1", b"3"],
            [2, 4],
            [(3, None, "\\xff", "1 fields instead of 2", ROW)],
        ),
        (
            "a.csv",
            b'id,s\n1,5" pipe\n2,a\rb\n3,"x"y\n',
            [b"1", b"3"],
            [2, 4],
            [(3, None, "2,a\rb", "carriage return inside a row", ROW)],
        ),
        ("a.csv", b"id,s\n1,a\x00b\n2,c\n", [b"1", b"2"], [2, 3], []),
        (
            "a.csv",
            b"id,s\n1,a\n2," + b"x" * (17 * 2**20) + b"\n3,c\n",
            [b"1", b"3"],
            [2, 4],
            [(3, None, "2," + "x" * 197 + "…", "row larger than 16 MiB", ROW)],
        ),
        ("a.csv", b"id,s\nonly\n", [], [], [(2, None, "only", "1 fields instead of 2", ROW)]),
        (
            "a.jsonl",
            b'{"id": 1}\n{"id": \n[1]\n"x"\n{"id": 2}\n',
            [1, 2],
            [1, 5],
            [
                (2, None, '{"id":', "invalid JSON", ROW),
                (3, None, "[1]", "no JSON object", ROW),
                (4, None, '"x"', "no JSON object", ROW),
            ],
        ),
        (
            "a.jsonl",
            b'{"id": 1} {"id": 2}\n\n{"id": 3}\n',
            [3],
            [3],
            [(1, None, '{"id": 1} {"id": 2}', "invalid JSON", ROW)],
        ),
        (
            "a.jsonl",
            b'{"id": 1}\n{"id": "\xff"}\n',
            [1],
            [1],
            [(2, None, '{"id": "\\xff"}', "not UTF-8", ROW)],
        ),
        (
            "a.jsonl",
            b'{"id": 1}\n{"id": "\\ud800"}\n',
            [1],
            [1],
            [(2, None, '{"id": "\\ud800"}', "not UTF-8", ROW)],
        ),
        (
            "a.jsonl",
            b'{"id": 1}\n{"id":\n2}\n',
            [1],
            [1],
            [
                (2, None, '{"id":', "invalid JSON", ROW),
                (3, None, "2}", "invalid JSON", ROW),
            ],
        ),
        (
            "a.jsonl",
            b'\xef\xbb\xbf{"id": 1}\r\n{"id": 2\x00}\r\n',
            [1],
            [1],
            [(2, None, '{"id": 2\x00}', "invalid JSON", ROW)],
        ),
        (
            "a.jsonl",
            b'{"id": ' + b"[" * 200 + b"]" * 200 + b'}\n{"id": 2}\n',
            [2],
            [2],
            [
                (
                    1,
                    None,
                    '{"id": ' + "[" * 192 + "…",
                    "nested 128 levels deep or more",
                    ROW,
                )
            ],
        ),
        ("a.jsonl", b"\x1f\x8b\n", [], [], [(1, None, "\x1f\\x8b", "not UTF-8", ROW)]),
        *[
            (name, data, [], [], [(None, None, None, "no rows", NOTE)])
            for name, data in [
                ("a.csv", b""),
                ("a.csv", b"\xef\xbb\xbf"),
                ("a.csv", b"\n\n"),
                ("a.csv", b"id,s"),
                ("a.csv.gz", b""),
                ("a.csv.gz", gzip.compress(b"", mtime=0)),
                ("a.csv.zst", b""),
                ("a.jsonl", b""),
                ("a.jsonl", b"\n \n"),
                ("a.parquet", b""),
            ]
        ],
    ],
)
def test_what_is_no_row_is_kept_with_its_line(tmp_path, name, data, rows, numbers, rejected):
    (tmp_path / name).write_bytes(data)
    found, lines, rejects = read(tmp_path / name, ["id"])
    assert ([row["id"] for row in found], lines, rejects) == (rows, numbers, rejected)


@pytest.mark.parametrize(
    "name, data, reason",
    [
        ("a.csv", b"id,id\n1,2\n", "has column 'id' 2 times"),
        ("a.csv", b"when\n1\n", "has no column 'id'. Its columns are: when"),
        ("a.csv", b"id,\xff\n1,2\n", "has a header that cannot be read: 'utf-8' codec"),
        ("a.csv", b'id,"s\n1,2\n', "has a header that cannot be read: unexpected end of data"),
        ("a.csv", b"id,s\r1,2\r", "has a header that cannot be read: new-line character"),
        ("a.csv.gz", b"id,s\n1,2\n", "cannot be inflated: Error -3 .*incorrect header check"),
        ("a.csv.zst", b"id,s\n1,2\n", "cannot be inflated: .*Unknown frame descriptor"),
        ("a.jsonl", b'{"when": 1}\n{}\n', "has no column 'id'. Its columns are: when"),
        ("a.parquet", b"id,s\n1,2\n3,4\n", "is no sound Parquet file: .*magic bytes"),
        ("a.txt", b"", "has a name that does not say its format. It must end in .parquet, .csv"),
    ],
)
def test_a_file_as_a_whole_is_unreadable(tmp_path, name, data, reason):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(reading.Unreadable, match=f"^{path} {reason}") as caught:
        read(path, ["id"])
    assert caught.value.number is None
    assert str(path) not in caught.value.reason


@pytest.mark.parametrize("form", ["csv", "jsonl.gz", "parquet"])
def test_a_file_that_is_not_there_is_unreadable(tmp_path, form):
    with pytest.raises(reading.Unreadable, match="cannot be read: No such file or directory"):
        read(tmp_path / f"a.{form}", ["id"])


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_missing_column_is_named_with_those_present(write_log, form):
    path = write_log("clicks", "2024-05-01", {"id": [1], "when": [2]}, form)
    with pytest.raises(ValueError, match=f"part.{form} has no column 'time'. .* are: id, when"):
        read(path, ["id", "time"])


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_columns_that_nobody_wants_are_named(write_log, form):
    path = write_log("clicks", "2024-05-01", {"id": [1], "when": [2], "x": [3]}, form)
    rejects = Rejects("clicks", str(path))
    list(reading.read(str(path), ["id"], rejects))
    assert rejects.unread == {"when", "x"}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_files_without_rows_have_no_rows(write_log, form):
    path = write_log("clicks", "2024-05-01", {"id": []}, form)
    assert read(path, ["id"]) == ([], [], [(None, None, None, "no rows", NOTE)])


@pytest.mark.parametrize("suffix, pack", [(".gz", gzip.compress), (".zst", zstandard.compress)])
@pytest.mark.parametrize(
    "form, text, expected", [("csv", b"id\n7\n", b"7"), ("jsonl", b'{"id": 7}\n', 7)]
)
def test_all_members_of_a_packed_file_are_inflated(tmp_path, form, text, expected, suffix, pack):
    path = tmp_path / f"a.{form}{suffix}"
    path.write_bytes(pack(text[:3]) + pack(text[3:]))
    assert read(path, ["id"])[0] == [{"id": expected}]


@pytest.mark.parametrize("suffix, pack", [(".gz", gzip.compress), (".zst", zstandard.compress)])
def test_rows_before_the_cut_of_a_packed_file_are_read(tmp_path, suffix, pack):
    path = tmp_path / f"a.csv{suffix}"
    path.write_bytes(pack(b"id,s\n1,a\n2,b\n") + pack(TAIL)[:-3])
    rejects = Rejects("clicks", str(path))
    rows = []
    with pytest.raises(
        reading.Unreadable, match=r"is cut short: its .* data have no end"
    ) as caught:
        for found in reading.read(str(path), ["id"], rejects):
            rows += found.batch["id"].to_pylist()
    assert rows[:2] == [b"1", b"2"] and set(rows[2:]) <= {b"7"}
    assert caught.value.number == len(rows) + 1
    assert rejects.take().num_rows == 0


def test_a_large_file_comes_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(read_parquet, "BATCH_ROWS", 100)
    ids = [str(i) for i in range(1000)]
    (tmp_path / "a.csv").write_text("id\n" + "\n".join(ids))
    (tmp_path / "a.jsonl").write_text("".join(f'{{"id": "{n}"}}\n' for n in ids))
    pa.parquet.write_table(pa.table({"id": ids}), tmp_path / "a.parquet")
    for form, first in (("csv", 2), ("jsonl", 1), ("parquet", 1)):
        found = list(reading.read(f"{tmp_path}/a.{form}", ["id"], Rejects("clicks", "")))
        assert len(found) > 3, form
        read_ids = [id.as_py() for rows in found for id in rows.batch["id"].cast(pa.string())]
        assert read_ids == ids, form
        numbers = [number for rows in found for number in rows.numbers.tolist()]
        assert numbers == list(range(first, first + 1000)), form
