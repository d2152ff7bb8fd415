import datetime
import os
from pathlib import Path

import pytest

from pipeline.config_file import load_config
from pipeline.errors import Misuse
from pipeline.preflight import resolve_inputs
from pipeline.work_dir import WorkDir

DAY = [datetime.date(2026, 1, day) for day in range(1, 5)]


def at(day: int, hour: int = 0, second: int = 0) -> datetime.datetime:
    return datetime.datetime(2026, 1, day, hour, second=second, tzinfo=datetime.UTC)


@pytest.fixture
def work(tmp_path):
    return WorkDir(tmp_path / "work")


def refused(config, work, **given) -> str:
    with pytest.raises(Misuse) as refusal:
        resolve_inputs(config, work, **given)
    assert not work.root.exists()
    return str(refusal.value)


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_a_run_reads_the_newest_spans_and_writes_nothing_but_their_schema(
    form, write_config, write_logs, work
):
    write_logs(form)
    inputs = resolve_inputs(load_config(write_config(form=form)), work)
    assert inputs.spans == (DAY[1], DAY[2])
    assert len(inputs.fingerprint) == 64
    assert [path for path in work.root.rglob("*") if path.is_file()] == [inputs.schema]
    assert 'name: "price"\n  type: FLOAT' in inputs.schema.read_text()


def test_span_and_window_choose_what_is_read(write_config, write_logs, work):
    write_logs()
    config = load_config(write_config())
    assert resolve_inputs(config, work, span=DAY[1]).spans == (DAY[0], DAY[1])
    assert resolve_inputs(config, work, window=3).spans == (DAY[0], DAY[1], DAY[2])
    assert resolve_inputs(config, work, window=99).spans == (DAY[0], DAY[1], DAY[2])


def test_spans_that_begin_at_the_cut_off_or_later_are_not_read(write_config, write_logs, work):
    write_logs()
    config = load_config(write_config())
    for as_of, newest in (
        (at(3, second=1), DAY[2]),
        (at(3), DAY[1]),  # midnight: of that day nothing was known
        (at(2, 23), DAY[1]),
    ):
        assert resolve_inputs(config, work, window=9, as_of=as_of).spans[-1] == newest


def test_a_span_that_begins_after_the_cut_off_cannot_be_asked_for(write_config, write_logs, work):
    write_logs()
    config = load_config(write_config())
    for span, as_of, named in (
        (DAY[2], at(2, 12), "2026-01-03: give"),
        (None, datetime.datetime(2025, 12, 31, tzinfo=datetime.UTC), "2026-01-01: give"),
    ):
        assert refused(config, work, span=span, as_of=as_of) == (
            f"as of {as_of.isoformat()} there were no impressions of span {named} a later "
            "--as-of, or an earlier --span"
        )


def test_an_old_span_has_the_same_cut_off_whenever_it_is_read(write_config, write_logs, work):
    write_logs()
    config = load_config(write_config())  # windows of an hour and an hour
    now, later = (resolve_inputs(config, work, as_of=as_of) for as_of in (None, at(9)))
    assert now == later
    assert now.as_of == at(4, 2)  # the last conversion of the 3rd
    assert resolve_inputs(config, work, span=DAY[1], as_of=at(9)).as_of == at(3, 2)
    assert resolve_inputs(config, work, as_of=at(4, 1)).as_of == at(4, 1)


def test_a_column_that_the_logs_lack_is_named_with_its_file(write_config, write_logs, work):
    root = write_logs()
    config = load_config(write_config(("price: {kind", "city: {kind")))
    assert refused(config, work) == (
        f"{root}/impressions/2026-01-02/part.parquet has no column 'city'. Its columns are: "
        "id, time, user, price"
    )


def test_a_key_that_the_clicks_lack_is_named_with_its_file(write_config, write_logs, work):
    root = write_logs("csv")
    clicks = 'clicks/{SPAN}/*.csv",      id: '
    config = load_config(write_config((clicks + "id", clicks + "key"), form="csv"))
    assert refused(config, work) == (
        f"{root}/clicks/2026-01-02/part.csv has no column 'key'. Its columns are: id, time"
    )


def test_a_key_that_no_line_of_json_has_is_named_with_its_file(write_config, write_logs, work):
    root = write_logs("jsonl")
    config = load_config(write_config(("price: {kind", "city: {kind"), form="jsonl"))
    assert refused(config, work) == (
        f"{root}/impressions/2026-01-02/part.jsonl has no column 'city' in its first rows; the "
        "config names it"
    )


def test_the_key_of_a_split_by_hash_must_be_in_the_logs(write_config, write_logs, work):
    write_logs()
    split = "window: 2\nsplit: {by: hash, key: session, eval: 10%}"
    assert "no column 'session'" in refused(load_config(write_config(("window: 2", split))), work)


def test_a_file_without_rows_does_not_hide_what_the_next_one_lacks(
    write_config, write_logs, write_rows, work
):
    root = write_logs("jsonl")
    (root / "impressions" / "2026-01-02" / "a.jsonl").write_text("")
    config = load_config(write_config(("price: {kind", "city: {kind"), form="jsonl"))
    assert "part.jsonl has no column 'city'" in refused(config, work)


def test_a_file_that_cannot_be_read_is_named(write_config, write_logs, work):
    broken = write_logs() / "impressions" / "2026-01-02" / "part.parquet"
    broken.write_bytes(b"no Parquet at all")
    sentence = refused(load_config(write_config()), work)
    assert sentence.startswith(f"{broken} is no sound Parquet file: ")
    assert "\n" not in sentence


def test_a_broken_file_is_passed_by_where_the_limits_allow_it(write_config, write_logs, work):
    root = write_logs()
    for log in ("impressions", "clicks"):
        (root / log / "2026-01-02" / "a.parquet").write_bytes(b"no Parquet at all")
    bad = write_config(("price: {kind", "city: {kind"))
    assert "part.parquet has no column 'city'" in refused(
        load_config(bad, ["limits.max_broken_files=2"]), work
    )
    path = write_config()
    assert resolve_inputs(load_config(path, ["limits.max_broken_files=2"]), work).spans == (
        DAY[1],
        DAY[2],
    )


def test_more_broken_files_than_the_limit_are_refused_before_any_work(
    write_config, write_logs, work
):
    root = write_logs()
    for log in ("impressions", "clicks"):
        (root / log / "2026-01-02" / "a.parquet").write_bytes(b"no Parquet at all")
    for limit, log in ((0, "clicks"), (1, "impressions")):
        config = load_config(write_config(), [f"limits.max_broken_files={limit}"])
        said = refused(config, work)
        assert said.startswith(f"{root}/{log}/2026-01-02/a.parquet is no sound Parquet file: ")


def test_a_log_of_which_no_file_can_be_read_is_refused_whatever_the_limits(
    write_config, write_logs, work
):
    root = write_logs()
    for file in (root / "conversions").rglob("*.parquet"):
        file.write_bytes(b"no Parquet at all")
    config = load_config(write_config(), ["limits.max_broken_files=99"])
    assert refused(config, work).startswith(f"{root}/conversions/2026-01-02/part.parquet is no ")


def test_no_impressions_at_all_names_the_glob(write_config, work, tmp_path):
    assert refused(load_config(write_config()), work) == (
        f"no impressions: no file matches {tmp_path}/logs/impressions/{{SPAN}}/*.parquet. Check "
        "logs.root and logs.impressions.path"
    )


def test_an_empty_span_names_the_spans_there_are(write_config, write_logs, work):
    root = write_logs()
    assert refused(load_config(write_config()), work, span=DAY[3]) == (
        f"span 2026-01-04 is empty: no file matches {root}/impressions/{{SPAN}}/*.parquet on "
        "that date. Impressions exist from 2026-01-01 to 2026-01-03"
    )


def test_logs_of_which_every_span_is_empty_are_named(write_config, write_logs, work):
    for file in (write_logs() / "clicks").rglob("*.parquet"):
        file.unlink()
    assert "the clicks of span 2026-01-02" in refused(load_config(write_config()), work)


def test_spans_that_would_all_be_evaluation_are_refused(write_config, write_logs, work):
    write_logs()
    assert refused(load_config(write_config()), work, span=DAY[0]) == (
        "1 span(s) up to 2026-01-01 leave nothing to train on, as `split` keeps 1 for "
        "evaluation. Read more spans (window, --window) or hold back fewer"
    )


def test_a_window_that_validation_would_use_up_is_refused(write_config, write_logs, work):
    write_logs()
    config = load_config(write_config(), ["window=3", "split={by: time, eval: 1, validation: 1}"])
    assert refused(config, work, window=2) == (
        "2 span(s) up to 2026-01-03 leave nothing to train on, as `split` keeps 1 for evaluation "
        "and 1 for validation. Read more spans (window, --window) or hold back fewer"
    )
    assert resolve_inputs(config, work).spans == tuple(DAY[:3])


def test_a_log_that_changes_changes_the_fingerprint_and_not_the_schema(
    write_config, write_logs, work
):
    root = write_logs()
    config = load_config(write_config())
    before = resolve_inputs(config, work)
    file = root / "conversions" / "2026-01-03" / "part.parquet"
    os.utime(file, ns=(1, 1))
    after = resolve_inputs(config, work)
    assert after.fingerprint != before.fingerprint
    assert after.schema == before.schema


def curated(tmp_path: Path, names: list[str]) -> Path:
    path = tmp_path / "curated.pbtxt"
    path.write_text("".join(f'feature {{ name: "{name}" type: BYTES }}\n' for name in names))
    return path


ALL = ["impression_id", "impression_time", "user", "price", "click", "conversion"]
ALL += [
    "label_age",
    "click_mature",
    "conversion_mature",
    "settled",
    "conversion_count",
    "conversion_delay",
]


def test_a_curated_schema_is_copied_under_the_name_of_its_content(
    write_config, write_logs, work, tmp_path
):
    write_logs()
    path = curated(tmp_path, ALL)
    config = load_config(write_config(), [f"schema={path}"])
    first = resolve_inputs(config, work).schema
    assert first.read_text() == path.read_text()
    path.write_text(path.read_text() + "# right\n")
    second = resolve_inputs(config, work).schema
    assert second != first
    assert sorted(work.schemas.iterdir()) == sorted([first, second])


def test_a_curated_schema_must_describe_every_column(write_config, write_logs, work, tmp_path):
    write_logs()
    path = curated(tmp_path, ALL[:3] + ALL[4:5] + ALL[6:10] + ALL[11:])
    assert refused(load_config(write_config(), [f"schema={path}"]), work) == (
        f"the schema {path} does not describe price, conversion, conversion_count, which "
        "this config makes or reads: add a feature for each, or leave `schema` out to derive one"
    )


def test_a_curated_schema_that_cannot_be_read_is_named(write_config, write_logs, work, tmp_path):
    write_logs()
    path = tmp_path / "curated.pbtxt"
    config = load_config(write_config(), [f"schema={path}"])
    assert refused(config, work).startswith(f"cannot read the schema {path}: FileNotFoundError")
    path.write_text("feature { nme: 3 }")
    sentence = refused(config, work)
    assert sentence.startswith(f"cannot read the schema {path}: ParseError: 1:11")


def test_a_work_directory_that_cannot_be_written_is_misuse(write_config, write_logs, tmp_path):
    write_logs()
    (tmp_path / "file").write_text("")
    with pytest.raises(Misuse, match=r"cannot write under .*file"):
        resolve_inputs(load_config(write_config()), WorkDir(tmp_path / "file"))
