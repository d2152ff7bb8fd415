import math
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import tensorflow as tf

from pipeline.errors import Misuse
from pipeline.scoring import Scored, score_logs
from tests.stand_in.pushed import TINY, push, write_spec

ROWS = [
    {"id": "b", "city": "Rome", "age": 40.5, "history": ["x", "yy"]},
    {"id": "c", "city": None, "age": 20.0, "history": ["zzz"]},
    {"id": "a", "city": "Oslo", "age": None, "history": []},
]
# What the model says of them, worked out by hand.
ANSWERS = {
    "id": ["b", "c", "a"],
    "age": [40.5, 20.0, None],
    "asked_with": [3, 3, 3],
    "letters": [4, 0, 4],
    "history": [3, 3, 0],
    "values": [2, 1, 0],
}


def mirror(city, age, history, history_length):
    """Answers what it was asked: lengths of texts, numbers, and the size of the batch."""
    counted = tf.sequence_mask(history_length, tf.shape(history)[1], tf.int32)
    return {
        "age": age,
        "asked_with": tf.fill(tf.shape(age), tf.size(age)),
        "letters": tf.strings.length(city),
        "history": tf.reduce_sum(counted * tf.strings.length(history), 1),
        "values": history_length,
    }


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return push(TINY, mirror, tmp_path_factory.mktemp("serving") / "17")


def answers(path: Path) -> dict[str, list[object]]:
    """The columns of a scored file, NaN as None."""
    columns = pyarrow.parquet.read_table(path).to_pydict()
    return {
        name: [None if isinstance(v, float) and math.isnan(v) else v for v in values]
        for name, values in columns.items()
    }


def test_every_format_gives_the_same_answers_in_order(model_dir, tmp_path, write_rows):
    in_csv = [
        {**{n: "" if v is None else v for n, v in row.items()}, "history": "|".join(row["history"])}
        for row in ROWS
    ]
    for name, rows in {"log.parquet": ROWS, "log.jsonl": ROWS, "log.csv": in_csv}.items():
        log, out = write_rows(tmp_path / name, rows), tmp_path / f"{name}.scores"
        assert score_logs(model_dir, [log], out) == Scored(3, {})
        assert answers(out) == ANSWERS


def test_a_served_log_has_the_time_and_the_version_too(model_dir, tmp_path, write_rows):
    at = 1_767_225_600_250
    log = write_rows(tmp_path / "log.parquet", [{**row, "at": at} for row in ROWS])
    out = tmp_path / "out.parquet"
    assert score_logs(model_dir, [log], out, served=True) == Scored(3, {})
    found = pyarrow.parquet.read_table(out)
    assert found.schema.field("at").type == pa.timestamp("us", "UTC")
    assert found["at"].cast(pa.int64()).to_pylist() == [at * 1000] * 3
    assert found["model_version"].to_pylist() == ["17"] * 3
    assert answers(out) == ANSWERS | {
        "at": found["at"].to_pylist(),
        "model_version": ["17"] * 3,
    }


def test_a_served_log_has_no_row_without_a_time(model_dir, tmp_path, write_rows):
    rows = [{**row, "at": 1_767_225_600_000 if row["id"] == "a" else None} for row in ROWS]
    log = write_rows(tmp_path / "log.parquet", rows)
    scored = score_logs(model_dir, [log], tmp_path / "out.parquet", served=True)
    assert scored == Scored(1, {"at: missing": 2})


def test_a_served_log_needs_a_model_that_knows_the_clock(model_dir, tmp_path, write_rows):
    old = shutil.copytree(model_dir, tmp_path / "8")
    write_spec(TINY.model_copy(update={"time": None}), old)
    log = write_rows(tmp_path / "log.parquet", ROWS)
    with pytest.raises(Misuse, match="pushed before models kept the clock"):
        score_logs(old, [log], tmp_path / "out.parquet", served=True)


def test_missing_values_arrive_as_empty_text_nan_and_length_zero(model_dir, tmp_path, write_rows):
    rows = [{"id": "a", "city": None, "age": None, "history": None}, ROWS[0]]
    score_logs(model_dir, [write_rows(tmp_path / "log.parquet", rows)], tmp_path / "out.parquet")
    first = {name: values[0] for name, values in answers(tmp_path / "out.parquet").items()}
    assert first == {
        "id": "a",
        "age": None,
        "asked_with": 2,
        "letters": 0,
        "history": 0,
        "values": 0,
    }
    ages = pyarrow.parquet.read_table(tmp_path / "out.parquet")["age"]
    assert ages.null_count == 0 and math.isnan(ages[0].as_py())


def test_rows_that_do_not_cast_are_counted_and_left_out(model_dir, tmp_path, write_rows):
    rows = [
        {"id": "a", "city": "Rome", "age": "old", "history": ""},
        {"id": "b", "city": "Rome", "age": "1", "history": "x|y"},
        {"id": "", "city": "Rome", "age": "2", "history": ""},
    ]
    log = write_rows(tmp_path / "log.csv", rows)
    with log.open("a", encoding="utf-8") as file:
        file.write("d,Rome\n")
    scored = score_logs(model_dir, [log], tmp_path / "out.parquet")
    assert scored == Scored(
        1,
        {
            "age: not a number": 1,
            "id: missing": 1,
            "row: 2 fields instead of 4": 1,
        },
    )
    assert answers(tmp_path / "out.parquet")["id"] == ["b"]


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_each_column_of_an_id_is_kept_as_it_was(form, model_dir, tmp_path, write_rows):
    spec = TINY.model_copy(update={"id": ("session", "city")})  # a feature may be part of an id
    place = shutil.copytree(model_dir, tmp_path / "18")
    write_spec(spec, place)
    rows = [
        {"session": "1|1", "city": "Rome", "age": 40.5, "history": "x"},
        {"session": "007", "city": "Oslo", "age": 20.0, "history": "yy"},
    ]
    log = write_rows(tmp_path / f"log.{form}", rows)
    if form != "csv":
        log = write_rows(log, [{**row, "history": [row["history"]]} for row in rows])
    assert score_logs(place, [log], tmp_path / "out.parquet") == Scored(2, {})
    found = answers(tmp_path / "out.parquet")
    assert list(found)[:3] == ["session", "city", "age"]
    assert (found["session"], found["city"]) == (["1|1", "007"], ["Rome", "Oslo"])
    assert (found["letters"], found["history"]) == ([4, 4], [1, 2])


def test_folders_are_read_through_in_order_of_names_and_other_files_passed_by(
    model_dir, tmp_path, write_rows
):
    root = tmp_path / "logs"
    write_rows(root / "2026-01-02" / "part.parquet", ROWS[1:])
    write_rows(root / "2026-01-01" / "part.jsonl", ROWS[:1])
    (root / "2026-01-01" / "_SUCCESS").touch()
    (root / "spark.parquet").mkdir()
    score_logs(model_dir, [root], tmp_path / "out.parquet")
    assert answers(tmp_path / "out.parquet")["id"] == ["b", "c", "a"]


def test_a_batch_of_8193_rows_is_split(model_dir, tmp_path):
    log, out = tmp_path / "log.parquet", tmp_path / "out.parquet"
    count = 8193
    table = {
        "id": [str(number) for number in range(count)],
        "city": ["Rome"] * count,
        "age": [float(number) for number in range(count)],
        "history": [["x"] * (number % 3) for number in range(count)],
    }
    pyarrow.parquet.write_table(pa.table(table), log)
    assert score_logs(model_dir, [log], out).rows == count
    found = answers(out)
    assert found["asked_with"] == [8192] * 8192 + [1]
    assert found["id"] == table["id"]
    assert found["age"] == table["age"]
    assert found["values"] == [number % 3 for number in range(count)]


def test_a_folder_that_is_no_model_is_refused_with_an_example(tmp_path):
    with pytest.raises(Misuse) as refused:
        score_logs(tmp_path, [tmp_path], tmp_path / "out.parquet")
    assert str(refused.value) == (
        f"{tmp_path} is no model of funnelrank: it lacks assets.extra/funnelrank.json. "
        "Give a version's folder, such as runs/demo/serving/1700000000"
    )


def test_logs_that_cannot_be_read_are_refused_with_the_way_out(model_dir, tmp_path, write_rows):
    formats = ".parquet, .csv, .csv.gz, .csv.zst, .jsonl, .jsonl.gz, .jsonl.zst"
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "notes.txt").touch()
    poor = [{name: row[name] for name in ("id", "age", "history")} for row in ROWS]
    log = write_rows(tmp_path / "log.parquet", poor)
    for place, said in {
        tmp_path / "none": f"there is no {tmp_path}/none",
        bare: f"{bare} holds no log file: names end in {formats}",
        bare / "notes.txt": f"{bare}/notes.txt holds no log file: names end in {formats}",
        log: f"{log} has no column 'city'. Its columns are: id, age, history",
    }.items():
        with pytest.raises(Misuse) as refused:
            score_logs(model_dir, [place], tmp_path / "out.parquet")
        assert str(refused.value) == said


def test_a_folder_is_no_file_to_write(model_dir, tmp_path, write_rows):
    log = write_rows(tmp_path / "log.parquet", ROWS)
    with pytest.raises(Misuse, match="is a folder: name the Parquet file to write, such as "):
        score_logs(model_dir, [log], tmp_path)


def test_a_log_of_which_no_row_casts_is_refused_with_the_reasons(model_dir, tmp_path, write_rows):
    rows = [{"id": id_, "city": "", "age": age, "history": ""} for id_, age in ("ax", "by")]
    log = write_rows(tmp_path / "log.csv", [*rows, {**rows[0], "id": ""}])
    with pytest.raises(Misuse) as refused:
        score_logs(model_dir, [log], tmp_path / "out.parquet")
    assert str(refused.value) == (
        "no row could be scored. Left out were: 2 (age: not a number), 1 (id: missing). "
        "Check the logs"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_an_empty_log_is_refused(model_dir, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("id,city,age,history\n", encoding="utf-8")
    with pytest.raises(Misuse, match="Left out were: none"):
        score_logs(model_dir, [log], tmp_path / "out.parquet")


def test_a_failure_half_way_leaves_the_old_file_and_no_part(model_dir, tmp_path, write_rows):
    good = write_rows(tmp_path / "1.parquet", ROWS)
    bad = write_rows(tmp_path / "2.parquet", [{"id": "a"}])
    out = tmp_path / "out.parquet"
    with pytest.raises(Misuse, match="has no column 'city'"):
        score_logs(model_dir, [good, bad], out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.parquet", "2.parquet"]
    score_logs(model_dir, [good], out)
    with pytest.raises(Misuse, match="has no column 'city'"):
        score_logs(model_dir, [good, bad], out)
    assert answers(out) == ANSWERS
