import hashlib
import json
import pathlib
import time

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.tfxio import tf_example_record

from components.log_example_gen import partition


def md5(*ids):
    digests = [hashlib.md5(one.encode()).digest()[8:] for one in ids]
    return sum(int.from_bytes(digest, "little") for digest in digests) % 2**64


def make_pipeline():
    return beam.Pipeline(argv=["--runner=FnApiRunner"])


def all_bytes(artifact):
    root = pathlib.Path(artifact.uri)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.gz")}


def test_tiny_logs_give_these_examples(
    run, write_tiny_logs, make_config, may_1, tmp_path, examples_of, told, rejected
):
    write_tiny_logs()
    examples, ledger, rejects = run(make_config())

    assert examples.split_names == '["train", "eval"]'
    assert examples.span == 19_844
    assert examples.get_string_custom_property("as_of") == "2024-05-05T01:00:00+00:00"
    assert examples.get_float_custom_property("unclicked") == 1.0
    assert examples.get_string_custom_property("payload_format") == "FORMAT_TF_EXAMPLE"
    assert examples.get_string_custom_property("file_format") == "tfrecords_gzip"
    assert sorted(all_bytes(examples)) == [
        "Split-eval/data_tfrecord-2024-05-01-00000-of-00001.gz",
        "Split-train/data_tfrecord-2024-05-01-00000-of-00001.gz",
    ]
    assert not pathlib.Path(examples.uri, "incomplete").exists()

    micros = may_1 * 1_000_000
    assert examples_of(examples, "train") == [
        {
            "impression_id": [b"1"],
            "impression_time": [micros],
            "user": [b"ann"],
            "age": [31.5],
            "history": [b"x", b"y"],
            "click": [1],
            "conversion": [1],
            # Everything is known once the last window of the span has closed, four days later.
            "label_age": [4 * 86_400 + 3600 - 60],
            "click_mature": [1],
            "conversion_mature": [1],
            "settled": [1],
            "conversion_count": [1],
            "conversion_delay": [86_400 - 60],
            "value": [9.5],
        },
        {
            "impression_id": [b"3"],
            "impression_time": [micros + 20_000_000],
            "user": [b"ann"],
            "age": [31.5],
            "click": [0],
            "conversion": [0],
            "label_age": [4 * 86_400 + 3600 - 20],
            "click_mature": [1],
            "conversion_mature": [1],
            "settled": [1],
            "conversion_count": [0],
            "value": [0.0],
        },
    ]
    # In the order of the MD5 of their ids.
    assert examples_of(examples, "eval") == [
        {
            "impression_id": [b"4"],
            "impression_time": [micros + 30_000_000],
            "age": [0.0],
            "history": [b"x"],
            "click": [0],
            "conversion": [0],
            "label_age": [4 * 86_400 + 3600 - 30],
            "click_mature": [1],
            "conversion_mature": [1],
            "settled": [1],
            "conversion_count": [0],
            "value": [0.0],
        },
        {
            "impression_id": [b"2"],
            "impression_time": [micros + 10_000_000],
            "user": [b"dan"],
            "history": [b"z"],
            "click": [1],
            "conversion": [0],
            "label_age": [4 * 86_400 + 3600 - 70],
            "click_mature": [1],
            "conversion_mature": [1],
            "settled": [1],
            "conversion_count": [0],
            "value": [0.0],
        },
    ]
    logs = tmp_path / "logs"
    nothing = dict.fromkeys(
        ("after_cutoff", "duplicates", "conflicts", "orphans", "other_spans", "outside_window"), 0
    )
    assert told(ledger) == {
        "impressions": {
            "read": 4,
            "rejected": {},
            **dict.fromkeys(("after_cutoff", "duplicates", "conflicts", "sampled_out"), 0),
            "examples": 4,
        },
        "clicks": {"read": 2, "rejected": {}, **nothing, "repeated": 0, "joined": 2},
        "conversions": {
            "read": 1,
            "rejected": {},
            **nothing,
            "unclicked": 0,
            "view_through": 0,
            "joined": 1,
        },
        "by_file": [
            {"log": log, "file": str(logs / log / day / "part.parquet"), "read": n, fate: n}
            for log, day, fate, n in (
                ("clicks", "2024-05-01", "joined", 2),
                ("conversions", "2024-05-02", "joined", 1),
                ("impressions", "2024-05-01", "examples", 4),
            )
        ],
        "examples": {"eval": 2, "train": 2},
        "positives": {
            "eval": {"click": 1, "conversion": 0},
            "train": {"click": 1, "conversion": 1},
        },
        "moments": {
            "eval": [micros + 10_000_000, micros + 30_000_000],
            "train": [micros, micros + 20_000_000],
        },
        "spans": [
            {"split": split, "span": "2024-05-01", "rows": 2, "ids": f"{md5(*ids):x}"}
            for split, ids in (("eval", "24"), ("train", "13"))
        ],
        "splits": ["train", "eval"],
        "files": {"impressions": 1, "clicks": 1, "conversions": 1},
        "broken_files": {"impressions": 0, "clicks": 0, "conversions": 0},
        "firsts": [],
        "suspects": [],
        "as_of": "2024-05-05T01:00:00+00:00",
        "unclicked": 1.0,
    }
    assert rejected(rejects) == []


def test_every_format_gives_the_same_bytes(run, write_tiny_logs, make_config):
    found = {}
    for form in ("parquet", "csv", "csv.gz", "jsonl", "jsonl.gz"):
        write_tiny_logs(form)
        found[form] = all_bytes(run(make_config(form), name=form)[0])
    assert all(each == found["parquet"] for each in found.values())


def test_a_second_run_gives_the_same_bytes(run, write_tiny_logs, make_config):
    write_tiny_logs()
    first, second = (all_bytes(run(make_config(), name=name)[0]) for name in ("a", "b"))
    assert first == second


def test_rows_in_another_order_and_other_files_give_the_same_bytes(
    run, write_log, make_config, may_1
):
    rows = [
        {"id": i, "time": may_1 + i, "user": f"u{i % 7}", "age": float(i), "history": [f"h{i}"]}
        for i in range(60)
    ]
    config = make_config(events=False, columns=make_config(events=False).columns[:5])
    found = []
    for name, parts in (("a", [rows]), ("b", [rows[40:], rows[39::-1]])):
        for i, part in enumerate(parts):
            columns = {key: [row[key] for row in part] for key in rows[0]}
            write_log("impressions", "2024-05-01", columns, name=f"part-{i}")
        found.append(all_bytes(run(config, name=name)[0]))
    assert found[0] == found[1]


def test_partitions_change_the_files_and_not_the_examples(
    run, write_tiny_logs, make_config, monkeypatch, examples_of
):
    write_tiny_logs()
    one, _, _ = run(make_config(), name="one")
    monkeypatch.setattr(partition, "BYTES_A_PARTITION", 1000)
    many, _, _ = run(make_config(), name="many")
    assert len(all_bytes(many)) > 2

    def by_id(artifact):
        rows = examples_of(artifact, "train") + examples_of(artifact, "eval")
        return sorted(rows, key=lambda row: row["impression_id"])

    assert by_id(one) == by_id(many)


def test_late_events_and_a_moved_window_leave_what_is_analysed_of_a_span(
    run, write_log, make_config, may_1
):
    for day in (1, 2, 3, 4):
        ids = range(100 * day, 100 * day + 60)
        columns = {"id": ids, "time": [may_1 + 86_400 * (day - 1)] * 60, "user": ["u"] * 60}
        columns |= {"age": [1.0] * 60, "history": [["x"]] * 60}
        write_log("impressions", f"2024-05-0{day}", columns)
    clicks = {"id": [100], "time": [may_1 + 9]}
    write_log("clicks", "2024-05-01", clicks)
    bought = {"id": [100], "time": [may_1 + 10], "price": [1.0]}
    for day in ("2024-05-01", "2024-05-02"):
        write_log("conversions", day, bought)
    split = {"by": "time", "eval": 1}
    whole, sampled = (
        make_config(split=split, sampling=sampling) for sampling in (None, {"unclicked": "50%"})
    )

    def contents(config, days, name):
        examples, _, _ = run(config, f"2024-05-0{days[-1]}", len(days), name=name)
        return json.loads(pathlib.Path(examples.uri, "contents.json").read_text())

    before = contents(whole, (1, 2, 3), "before")
    sampled_before = contents(sampled, (1, 2, 3), "sampled-before")
    assert sorted(before) == ["2024-05-01", "2024-05-02"]
    every = {"id": list(range(200, 260)), "time": [may_1 + 86_400 + 5] * 60}
    write_log("clicks", "2024-05-02", every)
    after = contents(whole, (2, 3, 4), "after")
    assert after["2024-05-02"] == before["2024-05-02"]
    assert sorted(after) == ["2024-05-02", "2024-05-03"]
    # Impressions that turn out to be clicked are no longer left out.
    sampled_after = contents(sampled, (1, 2, 3), "sampled-after")
    assert sampled_after["2024-05-01"] == sampled_before["2024-05-01"]
    assert sampled_after["2024-05-02"] != sampled_before["2024-05-02"]


def test_a_user_is_never_on_both_sides(run, write_log, make_config, may_1, examples_of):
    users = [f"u{i % 20}" for i in range(200)]
    write_log(
        "impressions",
        "2024-05-01",
        {
            "id": list(range(200)),
            "time": [may_1] * 200,
            "user": users,
            "age": [1.0] * 200,
            "history": [["x"]] * 200,
        },
    )
    config = make_config(events=False, columns=make_config(events=False).columns[:5])
    examples, _, _ = run(config)
    sides = [{row["user"][0] for row in examples_of(examples, s)} for s in ("train", "eval")]
    assert not sides[0] & sides[1]
    assert len(sides[0] | sides[1]) == 20


def test_the_last_span_is_for_evaluation(run, write_log, make_config, may_1, examples_of):
    for day in (1, 2, 3):
        columns = {"id": [day], "time": [may_1 + 86_400 * (day - 1)], "user": ["u"]}
        columns |= {"age": [1.0], "history": [["x"]]}
        write_log("impressions", f"2024-05-0{day}", columns)
    changes = {"split": {"by": "time", "eval": "1 span"}}
    config = make_config(events=False, columns=make_config(events=False).columns[:5], **changes)
    examples, _, _ = run(config, "", 2)
    assert [row["impression_id"] for row in examples_of(examples, "train")] == [[b"2"]]
    assert [row["impression_id"] for row in examples_of(examples, "eval")] == [[b"3"]]
    assert examples.span == 19_846
    changes["split"]["validation"] = 1
    config = make_config(events=False, columns=config.columns, **changes)
    examples, _, _ = run(config, "2024-05-03", 3, name="watched")
    assert examples.split_names == '["train", "validation", "eval"]'
    for day, split in enumerate(("train", "validation", "eval"), 1):
        assert [row["impression_id"] for row in examples_of(examples, split)] == [[b"%d" % day]]
    with pytest.raises(ValueError, match=r"1 span\(s\) up to 2024-05-01 leave nothing to train on"):
        run(config)


def test_what_is_no_example_is_counted_and_kept(
    run, write_tiny_logs, write_log, make_config, may_1, told, rejected
):
    write_tiny_logs("csv")
    columns = {
        "id": ["", "1", "6", "7"],
        "time": [may_1, may_1 + 5, "noon", may_1],
        "user": ["ann"] * 4,
        "age": ["1", "2", "3", "old"],
        "history": [None] * 4,
    }
    write_log("impressions", "2024-05-01", columns, "csv", name="worse")
    write_log("clicks", "2024-05-01", {"id": [99], "time": [may_1 + 7200]}, "csv", name="lost")
    write_log("clicks", "2024-05-01", {"id": [1], "at": [may_1]}, "csv", name="other")
    _, ledger, rejects = run(make_config("csv"))
    found = told(ledger)
    assert found["impressions"] == {
        "read": 8,
        "rejected": {"id: missing": 1, "time: not a number": 1, "age: not a number": 1},
        "after_cutoff": 0,
        "duplicates": 0,
        "conflicts": 1,
        "sampled_out": 0,
        "examples": 4,
    }
    assert found["clicks"]["orphans"] == 1
    assert found["broken_files"] == {"impressions": 0, "clicks": 1, "conversions": 0}
    columns = "has no column 'time'. Its columns are: id, at"
    assert rejected(rejects) == [
        ("lost.csv", 2, "id", "99", "orphan", "row"),
        ("other.csv", None, None, None, columns, "file"),
        ("worse.csv", 2, "id", "", "missing", "row"),
        ("worse.csv", 3, "id", "1", "conflict", "row"),
        ("worse.csv", 4, "time", "noon", "not a number", "row"),
        ("worse.csv", 5, "age", "old", "not a number", "row"),
    ]
    assert [first["reason"] for first in found["firsts"]] == [
        columns, "not a number", "missing", "not a number"
    ]  # fmt: skip


def test_a_missing_span_is_an_error(run, write_tiny_logs, make_config):
    write_tiny_logs()
    with pytest.raises(ValueError, match=r"span 2024-05-07 is empty: no file matches"):
        run(make_config(), "2024-05-07", 2)


def test_other_files_than_those_that_were_checked_are_not_read(run, write_tiny_logs, make_config):
    write_tiny_logs()
    with pytest.raises(ValueError) as error:
        run(make_config(), fingerprint="of other files")
    assert str(error.value) == (
        "log files came, changed or went between the checks and the reading: run the same command "
        "again"
    )


def test_labels_never_use_what_was_not_known_at_the_cutoff(
    run, write_tiny_logs, make_config, examples_of, told
):
    write_tiny_logs()

    def labels(as_of):
        examples, ledger, _ = run(make_config(), name=as_of.replace(":", ""), as_of=as_of)
        found = examples_of(examples, "train") + examples_of(examples, "eval")
        names = ("click", "conversion", "click_mature", "conversion_mature")
        return (
            examples.get_string_custom_property("as_of"),
            {int(row["impression_id"][0]): tuple(row[n][0] for n in names) for row in found},
            {log: told(ledger)[log]["after_cutoff"] for log in told(ledger)["files"]},
        )

    # Shown at 0, 10, 20 and 30 s after midnight; 1 and 2 are clicked a minute later, 1 is bought
    # a day later.
    at, found, late = labels("2024-05-01T00:01:05Z")
    assert at == "2024-05-01T00:01:05+00:00"
    assert found == {1: (1, 0, 0, 0), 2: (0, 0, 0, 0), 3: (0, 0, 0, 0), 4: (0, 0, 0, 0)}
    assert late == {"impressions": 0, "clicks": 1, "conversions": 1}
    _, found, late = labels("2024-05-01T01:00:10Z")
    assert found == {1: (1, 0, 1, 0), 2: (1, 0, 1, 0), 3: (0, 0, 0, 0), 4: (0, 0, 0, 0)}
    _, found, late = labels("2024-05-03")
    assert found == {1: (1, 1, 1, 0), 2: (1, 0, 1, 0), 3: (0, 0, 1, 1), 4: (0, 0, 1, 1)}
    assert late == {"impressions": 0, "clicks": 0, "conversions": 0}
    at, found, _ = labels("2026-01-01")
    assert at == "2024-05-05T01:00:00+00:00"
    assert found == {1: (1, 1, 1, 1), 2: (1, 0, 1, 1), 3: (0, 0, 1, 1), 4: (0, 0, 1, 1)}
    at, found, late = labels("2024-05-01T00:00:15Z")
    assert sorted(found) == [1, 2]
    assert late == {"impressions": 2, "clicks": 2, "conversions": 1}


def test_a_cutoff_before_the_first_span_is_an_error(run, write_tiny_logs, make_config):
    write_tiny_logs()
    with pytest.raises(
        ValueError, match=r"as of 2024-05-01T00:00:00\+00:00 there were no impressions of span 2024"
    ):
        run(make_config(), as_of="2024-05-01")


def test_a_span_that_is_read_again_is_a_newer_version(run, write_tiny_logs, make_config):
    write_tiny_logs()
    before = int(time.time())
    first, second = (run(make_config(), name=name)[0] for name in ("a", "b"))
    assert before <= first.version <= second.version <= time.time()


def test_a_feature_that_knows_the_future_is_named(run, write_log, make_config, may_1, told):
    rows = 4000
    clicked = [i for i in range(rows) if i % 5 == 0]
    columns = {
        "id": list(range(rows)),
        "time": [may_1] * rows,
        "user": [f"u{i % 400}" for i in range(rows)],
        # Seconds spent on the page: nobody stays who has not clicked.
        "age": [30.0 if i % 5 == 0 else 0.0 for i in range(rows)],
        "history": [["h"]] * rows,
    }
    write_log("impressions", "2024-05-01", columns)
    write_log("clicks", "2024-05-01", {"id": clicked, "time": [may_1 + 9] * len(clicked)})
    given = {"id": [0], "time": [may_1 + 60], "price": [1.0]}
    write_log("conversions", "2024-05-01", given)
    _, ledger, _ = run(make_config())
    [suspect] = told(ledger)["suspects"]
    assert (suspect["feature"], suspect["label"], suspect["auc"]) == ("age", "click", 1.0)


def test_one_key_with_a_tenth_of_all_events_does_no_harm(
    run, write_tiny_logs, write_log, make_config, may_1, told
):
    write_tiny_logs()
    times = [may_1 + 60 + i % 3000 for i in range(50_000)]
    write_log("clicks", "2024-05-01", {"id": [1] * 50_000, "time": times}, name="robot")
    _, ledger, _ = run(make_config())
    assert told(ledger)["clicks"]["joined"] == 2
    assert told(ledger)["clicks"]["repeated"] == 2999  # second 60 is the click of the tiny logs
    assert told(ledger)["clicks"]["duplicates"] == 50_000 - 2999


def test_tfx_reads_zeros_as_values_and_missing_ones_as_missing(run, write_tiny_logs, make_config):
    write_tiny_logs()
    examples, _, _ = run(make_config())
    schema = schema_pb2.Schema()
    for name, kind in (("click", "INT"), ("age", "FLOAT"), ("history", "BYTES")):
        schema.feature.add(name=name, type=schema_pb2.FeatureType.Value(kind))
    pattern = str(pathlib.Path(examples.uri, "Split-*", "*"))
    reader = tf_example_record.TFExampleRecord(pattern, schema=schema)
    with make_pipeline() as pipeline:
        batches = pipeline | reader.BeamSource() | beam.FlatMap(lambda batch: batch.to_pylist())
        assert_that(
            batches,
            equal_to(
                [
                    {"click": [1], "age": [31.5], "history": [b"x", b"y"]},
                    {"click": [1], "age": None, "history": [b"z"]},
                    {"click": [0], "age": [31.5], "history": None},
                    {"click": [0], "age": [0.0], "history": [b"x"]},
                ]
            ),
        )
