import datetime
import os

import pytest

from pipeline.config_file import load_config
from pipeline.errors import Misuse
from pipeline.preflight import resolve_inputs

DAY = [datetime.date(2026, 1, day) for day in range(1, 5)]


def at(day: int, hour: int = 0, second: int = 0) -> datetime.datetime:
    return datetime.datetime(2026, 1, day, hour, second=second, tzinfo=datetime.UTC)


def refused(config, **given) -> str:
    with pytest.raises(Misuse) as refusal:
        resolve_inputs(config, **given)
    return str(refusal.value)


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_a_run_reads_the_newest_spans(form, write_config, write_logs):
    write_logs(form)
    inputs = resolve_inputs(load_config(write_config(form=form)))
    assert inputs.spans == (DAY[1], DAY[2])
    assert len(inputs.fingerprint) == 64


def test_span_and_window_choose_what_is_read(write_config, write_logs):
    write_logs()
    config = load_config(write_config())
    assert resolve_inputs(config, span=DAY[1]).spans == (DAY[0], DAY[1])
    assert resolve_inputs(config, window=3).spans == (DAY[0], DAY[1], DAY[2])
    assert resolve_inputs(config, window=99).spans == (DAY[0], DAY[1], DAY[2])


def test_spans_that_begin_at_the_cut_off_or_later_are_not_read(write_config, write_logs):
    write_logs()
    config = load_config(write_config())
    for as_of, newest in (
        (at(3, second=1), DAY[2]),
        (at(3), DAY[1]),  # midnight: of that day nothing was known
        (at(2, 23), DAY[1]),
    ):
        assert resolve_inputs(config, window=9, as_of=as_of).spans[-1] == newest


def test_a_span_that_begins_after_the_cut_off_cannot_be_asked_for(write_config, write_logs):
    write_logs()
    config = load_config(write_config())
    for span, as_of, named in (
        (DAY[2], at(2, 12), "2026-01-03: give"),
        (None, datetime.datetime(2025, 12, 31, tzinfo=datetime.UTC), "2026-01-01: give"),
    ):
        assert refused(config, span=span, as_of=as_of) == (
            f"as of {as_of.isoformat()} there were no impressions of span {named} a later "
            "--as-of, or an earlier --span"
        )


def test_an_old_span_has_the_same_cut_off_whenever_it_is_read(write_config, write_logs):
    write_logs()
    config = load_config(write_config())  # windows of an hour and an hour
    now, later = (resolve_inputs(config, as_of=as_of) for as_of in (None, at(9)))
    assert now == later
    assert now.as_of == at(4, 2)  # the last conversion of the 3rd
    assert resolve_inputs(config, span=DAY[1], as_of=at(9)).as_of == at(3, 2)
    assert resolve_inputs(config, as_of=at(4, 1)).as_of == at(4, 1)


def test_a_column_that_the_logs_lack_is_named_with_its_file(write_config, write_logs):
    root = write_logs()
    config = load_config(write_config(("price: {kind", "city: {kind")))
    assert refused(config) == (
        f"{root}/impressions/2026-01-02/part.parquet has no column 'city'. Its columns are: "
        "id, time, user, price"
    )


def test_a_key_that_the_clicks_lack_is_named_with_its_file(write_config, write_logs):
    root = write_logs("csv")
    clicks = 'clicks/{SPAN}/*.csv",      id: '
    config = load_config(write_config((clicks + "id", clicks + "key"), form="csv"))
    assert refused(config) == (
        f"{root}/clicks/2026-01-02/part.csv has no column 'key'. Its columns are: id, time"
    )


def test_a_key_that_no_line_of_json_has_is_named_with_its_file(write_config, write_logs):
    root = write_logs("jsonl")
    config = load_config(write_config(("price: {kind", "city: {kind"), form="jsonl"))
    assert refused(config) == (
        f"{root}/impressions/2026-01-02/part.jsonl has no column 'city' in its first rows; the "
        "config names it"
    )


def test_the_key_of_a_split_by_hash_must_be_in_the_logs(write_config, write_logs):
    write_logs()
    split = "window: 2\nsplit: {by: hash, key: session, eval: 10%}"
    assert "no column 'session'" in refused(load_config(write_config(("window: 2", split))))


def test_a_file_without_rows_does_not_hide_what_the_next_one_lacks(
    write_config, write_logs, write_rows
):
    root = write_logs("jsonl")
    (root / "impressions" / "2026-01-02" / "a.jsonl").write_text("")
    config = load_config(write_config(("price: {kind", "city: {kind"), form="jsonl"))
    assert "part.jsonl has no column 'city'" in refused(config)


def test_a_file_that_cannot_be_read_is_named(write_config, write_logs):
    broken = write_logs() / "impressions" / "2026-01-02" / "part.parquet"
    broken.write_bytes(b"no Parquet at all")
    sentence = refused(load_config(write_config()))
    assert sentence.startswith(f"{broken} is no sound Parquet file: ")
    assert "\n" not in sentence


def test_a_broken_file_is_passed_by_where_the_limits_allow_it(write_config, write_logs):
    root = write_logs()
    for log in ("impressions", "clicks"):
        (root / log / "2026-01-02" / "a.parquet").write_bytes(b"no Parquet at all")
    bad = write_config(("price: {kind", "city: {kind"))
    assert "part.parquet has no column 'city'" in refused(
        load_config(bad, ["limits.max_broken_files=2"])
    )
    path = write_config()
    assert resolve_inputs(load_config(path, ["limits.max_broken_files=2"])).spans == (
        DAY[1],
        DAY[2],
    )


def test_more_broken_files_than_the_limit_are_refused_before_any_work(write_config, write_logs):
    root = write_logs()
    for log in ("impressions", "clicks"):
        (root / log / "2026-01-02" / "a.parquet").write_bytes(b"no Parquet at all")
    for limit, log in ((0, "clicks"), (1, "impressions")):
        config = load_config(write_config(), [f"limits.max_broken_files={limit}"])
        said = refused(config)
        assert said.startswith(f"{root}/{log}/2026-01-02/a.parquet is no sound Parquet file: ")


def test_a_log_of_which_no_file_can_be_read_is_refused_whatever_the_limits(
    write_config, write_logs
):
    root = write_logs()
    for file in (root / "conversions").rglob("*.parquet"):
        file.write_bytes(b"no Parquet at all")
    config = load_config(write_config(), ["limits.max_broken_files=99"])
    assert refused(config).startswith(f"{root}/conversions/2026-01-02/part.parquet is no ")


def test_no_impressions_at_all_names_the_glob(write_config, tmp_path):
    assert refused(load_config(write_config())) == (
        f"no impressions: no file matches {tmp_path}/logs/impressions/{{SPAN}}/*.parquet. Check "
        "logs.root and logs.impressions.path"
    )


def test_an_empty_span_names_the_spans_there_are(write_config, write_logs):
    root = write_logs()
    assert refused(load_config(write_config()), span=DAY[3]) == (
        f"span 2026-01-04 is empty: no file matches {root}/impressions/{{SPAN}}/*.parquet on "
        "that date. Impressions exist from 2026-01-01 to 2026-01-03"
    )


def test_logs_of_which_every_span_is_empty_are_named(write_config, write_logs):
    for file in (write_logs() / "clicks").rglob("*.parquet"):
        file.unlink()
    assert "the clicks of span 2026-01-02" in refused(load_config(write_config()))


def test_spans_that_would_all_be_evaluation_are_refused(write_config, write_logs):
    write_logs()
    assert refused(load_config(write_config()), span=DAY[0]) == (
        "1 span(s) up to 2026-01-01 leave nothing to train on, as `split` keeps 1 for "
        "evaluation. Read more spans (window, --window) or hold back fewer"
    )


def test_a_window_that_validation_would_use_up_is_refused(write_config, write_logs):
    write_logs()
    config = load_config(write_config(), ["window=3", "split={by: time, eval: 1, validation: 1}"])
    assert refused(config, window=2) == (
        "2 span(s) up to 2026-01-03 leave nothing to train on, as `split` keeps 1 for evaluation "
        "and 1 for validation. Read more spans (window, --window) or hold back fewer"
    )
    assert resolve_inputs(config).spans == tuple(DAY[:3])


def test_a_log_that_changes_changes_the_fingerprint(write_config, write_logs):
    root = write_logs()
    config = load_config(write_config())
    before = resolve_inputs(config)
    file = root / "conversions" / "2026-01-03" / "part.parquet"
    os.utime(file, ns=(1, 1))
    after = resolve_inputs(config)
    assert after.fingerprint != before.fingerprint


def test_a_curated_schema_is_read_before_any_log(write_config, tmp_path):
    config = load_config(write_config(), [f"schema={tmp_path}/none.pbtxt"])
    assert refused(config).startswith(f"cannot read the schema {tmp_path}/none.pbtxt: ")


def test_a_run_on_a_cluster_begins_only_where_its_job_service_answers(write_config):
    # Port 1 is nobody's; the logs are not looked for.
    beam = "beam={runner: flink, job_endpoint: 'localhost:1', worker_pool: 'localhost:50000'}"
    told = refused(load_config(write_config(), [beam]))
    assert told.startswith("beam.job_endpoint: no job service answers at localhost:1 (")
    assert told.endswith("Start it, or run without: --set 'beam={runner: local}'")
