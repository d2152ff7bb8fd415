"""One run over a directory of broken files of every format, beside sound ones."""

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet
import pytest
import zstandard

T = 1_714_521_600  # 2024-05-01 00:00 UTC, in seconds
HEADER = "id,time,user,age,history"


def csv(*rows, header=HEADER):
    return "".join(f"{row}\n" for row in (header, *rows)).encode()


def jsonl(*rows):
    return "".join(
        (row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows
    ).encode()


def shown(name, **changes):
    return {"id": name, "time": T, "user": "ann", "age": 1.0, "history": ["x"], **changes}


def parquet(*rows):
    sink = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_pylist(list(rows)), sink)
    return sink.getvalue()


def good(name):
    return f"{name},{T},ann,1,x"


# A good row has an id that begins with g.
IMPRESSIONS = {
    "part-sound.csv": csv(good("g-csv")),
    "part-sound.csv.gz": gzip.compress(csv(good("g-gz"))),
    "part-sound.csv.zst": zstandard.compress(csv(good("g-zst"))),
    "part-sound.jsonl": jsonl(shown("g-jsonl")),
    "part-sound.parquet": parquet(shown("g-parquet")),
    "part-quotes.csv": csv(good("g1"), f'b1,{T},"ann,1,x', good("g2")),
    "part-fields.csv": csv(f"b1,{T},ann", good("g3"), f"b2,{T},ann,1,x,more"),
    "part-types.csv": csv("b1,noon,ann,1,x", f"b2,{T},ann,old,x", good("g4")),
    "part-numbers.csv": csv(
        f"b1,{T},ann,NaN,x", f"b2,{T},ann,-inf,x", f"b3,{T},ann,1e39,x", f"g5,{T},ann,,x"
    ),
    "part-times.csv": csv(f"b1,{T}000,ann,1,x", "b2,-1,ann,1,x", "b3,,ann,1,x", good("g6")),
    "part-ids.csv": csv(f",{T},ann,1,x", good("g7")),
    "part-bytes.csv": csv(good("g8")) + b"b1,%d,a\xffn,1,x\n" % T,
    "part-large.csv": csv(f"b1,{T},{'u' * (2**20 + 1)},1,x", good("g9")),
    "part-cut.csv.gz": gzip.compress(csv(good("g10"))) + gzip.compress(csv(good("b1")))[:12],
    "part-cut.csv.zst": zstandard.compress(csv(good("g11"))) + zstandard.compress(b"b1")[:6],
    "part-damaged.csv.gz": b"not gzip at all",
    "part-cut.parquet": parquet(shown("b1"))[:-20],
    "part-objects.jsonl": jsonl(
        shown("g12"), [1, 2], "{", '"text"', shown("b1", age="NaN"), shown("g13")
    ),
    "part-bytes.jsonl": jsonl(shown("g14")) + b'{"id": "\xff"}\n',
    "part-nulls.jsonl": jsonl(
        shown(None), shown("b1", time=None), shown("g15", user=None, age=None, history=None)
    ),
    "part-nulls.parquet": parquet(shown(None), shown("b1", age=float("nan")), shown("g16")),
    "part-lists.parquet": parquet(shown("b1", time=[1, 2])),
    "part-more.csv": csv(f"{good('g17')},red", header=f"{HEADER},colour"),
    "part-less.csv": csv(f"b1,{T},ann,1", header="id,time,user,age"),
    # That no line has a key shows at the end only: the file is broken, its rows were read.
    "part-less.jsonl": jsonl({"id": "g19", "time": T, "user": "ann", "age": 1}),
    "part-twice.csv": csv(f"{good('b1')},2", header=f"{HEADER},age"),
    "part-header.csv": csv(),
    "part-empty.csv": b"",
    "part-empty.csv.gz": b"",
    "part-empty.parquet": b"",
    "part-notes.txt": b"whatever",
    "deep/er/part-nested.csv": csv(good("g18"), f"b1,{T},ann,never,x"),
    # No log: the glob asks for part-.
    "notes.csv": b"whatever",
    "deep/_SUCCESS": b"",
}
CLICKS = {
    "part-sound.csv": f"id,time\ng1,{T + 5}\n".encode(),
    "part-lost.jsonl": jsonl({"id": "nobody", "time": T + 7200}, {"id": "g2", "time": True}),
}
CONVERSIONS = {
    "part-sound.parquet": parquet({"id": "g1", "time": T + 9, "price": 2.5}),
    "part-worth.csv": f"id,time,price\ng1,{T + 10},inf\ng1,{T + 11},dear\n".encode(),
}
COLUMNS = "Its columns are: id, time, user, age"
FORMATS = ".parquet, .csv, .csv.gz, .csv.zst, .jsonl, .jsonl.gz, .jsonl.zst"

# (file, row, column, value, reason, scope)
REJECTS = [
    ("part-quotes.csv", 3, None, f'b1,{T},"ann,1,x', "broken quoting", "row"),
    ("part-fields.csv", 2, None, f"b1,{T},ann", "3 fields instead of 5", "row"),
    ("part-fields.csv", 4, None, f"b2,{T},ann,1,x,more", "6 fields instead of 5", "row"),
    ("part-types.csv", 2, "time", "noon", "not a number", "row"),
    ("part-types.csv", 3, "age", "old", "not a number", "row"),
    ("part-numbers.csv", 2, "age", "NaN", "NaN", "row"),
    ("part-numbers.csv", 3, "age", "-inf", "infinite", "row"),
    ("part-numbers.csv", 4, "age", "1e39", "too large for 32 bits", "row"),
    ("part-times.csv", 2, "time", f"{T}000", "outside 1990 to 2100", "row"),
    ("part-times.csv", 3, "time", "-1", "outside 1990 to 2100", "row"),
    ("part-times.csv", 4, "time", "", "missing", "row"),
    ("part-ids.csv", 2, "id", "", "missing", "row"),
    ("part-bytes.csv", 3, "user", r"a\xffn", "not UTF-8", "row"),
    ("part-large.csv", 2, "user", "u" * 199 + "…", "larger than 1 MiB", "row"),
    ("part-cut.csv.gz", 2, None, None, "is cut short: its gzip data have no end", "file"),
    ("part-cut.csv.zst", 2, None, None, "is cut short: its zstd data have no end", "file"),
    (
        "part-damaged.csv.gz",
        None,
        None,
        None,
        "cannot be inflated: Error -3 while decompressing data: incorrect header check",
        "file",
    ),
    ("part-objects.jsonl", 2, None, "[1, 2]", "no JSON object", "row"),
    ("part-objects.jsonl", 3, None, "{", "invalid JSON", "row"),
    ("part-objects.jsonl", 4, None, '"text"', "no JSON object", "row"),
    ("part-objects.jsonl", 5, "age", "NaN", "NaN", "row"),
    ("part-bytes.jsonl", 2, None, r'{"id": "\xff"}', "not UTF-8", "row"),
    ("part-nulls.jsonl", 1, "id", None, "missing", "row"),
    ("part-nulls.jsonl", 2, "time", None, "missing", "row"),
    ("part-nulls.parquet", 1, "id", None, "missing", "row"),
    ("part-nulls.parquet", 2, "age", "nan", "NaN", "row"),
    (
        "part-lists.parquet",
        None,
        None,
        None,
        "column 'time': a number a row was expected, but the file holds list<element: int64>",
        "file",
    ),
    ("part-more.csv", None, "colour", None, "unexpected column, in 1 of 32 files", "note"),
    ("part-less.csv", None, None, None, f"has no column 'history'. {COLUMNS}", "file"),
    ("part-less.jsonl", None, None, None, f"has no column 'history'. {COLUMNS}", "file"),
    ("part-twice.csv", None, None, None, "has column 'age' 2 times", "file"),
    ("part-header.csv", None, None, None, "no rows", "note"),
    ("part-empty.csv", None, None, None, "no rows", "note"),
    ("part-empty.csv.gz", None, None, None, "no rows", "note"),
    ("part-empty.parquet", None, None, None, "no rows", "note"),
    (
        "part-notes.txt",
        None,
        None,
        None,
        f"has a name that does not say its format. It must end in {FORMATS}",
        "file",
    ),
    ("part-nested.csv", 3, "age", "never", "not a number", "row"),
    ("part-lost.jsonl", 1, "id", "nobody", "orphan", "row"),
    ("part-lost.jsonl", 2, "time", "true", "not a number", "row"),
    ("part-worth.csv", 2, "price", "inf", "infinite", "row"),
    ("part-worth.csv", 3, "price", "dear", "not a number", "row"),
]


def logs_of(make_config):
    logs = make_config().logs.model_dump()
    for log in ("impressions", "clicks", "conversions"):
        logs[log]["path"] = f"{log}/{{SPAN}}/**/part-*"
    return logs


@pytest.fixture
def write_files(tmp_path):
    """Writes files of a log, by path below its day."""

    def write(log, files):
        for name, content in files.items():
            path = tmp_path / "logs" / log / "2024-05-01" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    return write


def test_a_directory_of_broken_files_gives_this_table_and_every_good_row(
    run, write_files, make_config, told, rejected, examples_of
):
    for log, files in (
        ("impressions", IMPRESSIONS),
        ("clicks", CLICKS),
        ("conversions", CONVERSIONS),
    ):
        write_files(log, files)
    examples, ledger, rejects = run(make_config(logs=logs_of(make_config)))

    found = rejected(rejects)
    [parquet_reason] = [row[4] for row in found if row[0] == "part-cut.parquet"]
    assert parquet_reason.startswith("is no sound Parquet file: ")
    expected = [*REJECTS, ("part-cut.parquet", None, None, None, parquet_reason, "file")]
    assert found == sorted(expected, key=str)

    rows = examples_of(examples, "train") + examples_of(examples, "eval")
    names = [f"g{i}" for i in range(1, 20)] + ["g-csv", "g-gz", "g-zst", "g-jsonl", "g-parquet"]
    assert sorted(row["impression_id"][0].decode() for row in rows) == sorted(names)
    [clicked] = [row for row in rows if row["click"] == [1]]
    assert (clicked["impression_id"], clicked["value"]) == ([b"g1"], [2.5])

    said = told(ledger)
    assert said["files"] == {"impressions": 32, "clicks": 2, "conversions": 2}
    assert said["broken_files"] == {"impressions": 9, "clicks": 0, "conversions": 0}
    refused = sum(said["impressions"]["rejected"].values())
    assert refused == sum(scope == "row" for *_, scope in REJECTS) - 4  # those of the other logs
    assert said["impressions"]["read"] == refused + len(names)
    assert said["clicks"]["read"] == 3 == 1 + 1 + 1  # joined, an orphan, refused
    for file in said["by_file"]:
        fates = {name: n for name, n in file.items() if name not in ("log", "file", "read")}
        rejects_of_file = sum(fates.pop("rejected", {}).values())
        assert file["read"] == rejects_of_file + sum(fates.values()), file


def test_many_small_files_in_nested_folders_are_all_read(
    run, write_files, make_config, examples_of, told
):
    write_files(
        "impressions",
        {f"{i % 7}/{i % 3}/part-{i}.csv": csv(f"{i},{T},u{i % 9},1,x") for i in range(200)},
    )
    clicks = {f"{i}/part-{i}.jsonl": jsonl({"id": i, "time": T + 5}) for i in range(0, 200, 10)}
    write_files("clicks", clicks)
    write_files("conversions", {"part-0.csv": f"id,time,price\n7,{T + 9},1\n".encode()})
    examples, ledger, _ = run(make_config(logs=logs_of(make_config)))
    rows = examples_of(examples, "train") + examples_of(examples, "eval")
    found = {int(row["impression_id"][0]): row["click"][0] for row in rows}
    assert len(rows) == 200
    assert found == {i: int(i % 10 == 0) for i in range(200)}
    said = told(ledger)
    assert said["files"] == {"impressions": 200, "clicks": 20, "conversions": 1}
    assert said["conversions"]["unclicked"] == 1
