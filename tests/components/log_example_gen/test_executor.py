import json
import pathlib

import apache_beam as beam
import pytest
import tensorflow as tf
from apache_beam.testing.util import assert_that, equal_to
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.types import standard_artifacts
from tfx_bsl.tfxio import tf_example_record

from components.log_example_gen import partition
from components.log_example_gen.artifacts import LogLedger
from components.log_example_gen.executor import Executor

SPAN = '["2024-05-01"]'


@pytest.fixture
def run(tmp_path):
    """Runs the executor as TFX does; returns its artifacts."""

    def execute(config, spans=SPAN, name="run"):
        outputs = {"examples": [standard_artifacts.Examples()], "ledger": [LogLedger()]}
        for key, [artifact] in outputs.items():
            artifact.uri = str(tmp_path / name / key)
        context = Executor.Context(
            # With arguments TFX would first pack itself for remote workers, which takes seconds.
            make_beam_pipeline_fn=make_pipeline,
            tmp_dir=str(tmp_path),
            unique_id=name,
        )
        properties = {"config": config.model_dump_json(), "spans": spans, "fingerprint": ""}
        Executor(context).Do({}, outputs, properties)
        return outputs["examples"][0], outputs["ledger"][0]

    return execute


def make_pipeline():
    return beam.Pipeline(argv=["--runner=FnApiRunner"])


def examples_of(artifact, split):
    paths = sorted(str(path) for path in pathlib.Path(artifact.uri, f"Split-{split}").iterdir())
    records = tf.data.TFRecordDataset(paths, compression_type="GZIP")
    return [as_dict(tf.train.Example.FromString(record.numpy())) for record in records]


def as_dict(example):
    found = {}
    for name, feature in example.features.feature.items():
        found[name] = list(getattr(feature, feature.WhichOneof("kind")).value)
    return found


def all_bytes(artifact):
    root = pathlib.Path(artifact.uri)
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_tiny_logs_give_these_examples(run, write_tiny_logs, make_config, may_1):
    write_tiny_logs()
    examples, ledger = run(make_config())

    assert examples.split_names == '["train", "eval"]'
    assert (examples.span, examples.version) == (19_844, 0)
    assert examples.get_string_custom_property("payload_format") == "FORMAT_TF_EXAMPLE"
    assert examples.get_string_custom_property("file_format") == "tfrecords_gzip"
    assert sorted(all_bytes(examples)) == [
        "Split-eval/data_tfrecord-00000-of-00001.gz",
        "Split-train/data_tfrecord-00000-of-00001.gz",
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
            "value": [9.5],
        },
        {
            "impression_id": [b"3"],
            "impression_time": [micros + 20_000_000],
            "user": [b"ann"],
            "age": [31.5],
            "click": [0],
            "conversion": [0],
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
            "value": [0.0],
        },
        {
            "impression_id": [b"2"],
            "impression_time": [micros + 10_000_000],
            "user": [b"dan"],
            "history": [b"z"],
            "click": [1],
            "conversion": [0],
            "value": [0.0],
        },
    ]
    assert json.loads(pathlib.Path(ledger.uri, "ledger.json").read_text()) == {
        "impressions": {"duplicates": 0, "read": 4},
        "clicks": {
            "duplicates": 0,
            "joined": 2,
            "later": 0,
            "orphans": 0,
            "outside_window": 0,
            "read": 2,
        },
        "conversions": {
            "duplicates": 0,
            "joined": 1,
            "later": 0,
            "orphans": 0,
            "outside_window": 0,
            "read": 1,
            "unclicked": 0,
        },
        "examples": {"eval": 2, "train": 2},
        "positives": {
            "eval": {"click": 1, "conversion": 0},
            "train": {"click": 1, "conversion": 1},
        },
    }


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
    run, write_tiny_logs, make_config, monkeypatch
):
    write_tiny_logs()
    one, _ = run(make_config(), name="one")
    monkeypatch.setattr(partition, "BYTES_A_PARTITION", 1000)
    many, _ = run(make_config(), name="many")
    assert len(all_bytes(many)) > 2

    def by_id(artifact):
        rows = examples_of(artifact, "train") + examples_of(artifact, "eval")
        return sorted(rows, key=lambda row: row["impression_id"])

    assert by_id(one) == by_id(many)


def test_a_user_is_never_on_both_sides(run, write_log, make_config, may_1):
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
    examples, _ = run(config)
    sides = [{row["user"][0] for row in examples_of(examples, s)} for s in ("train", "eval")]
    assert not sides[0] & sides[1]
    assert len(sides[0] | sides[1]) == 20


def test_the_last_span_is_for_evaluation(run, write_log, make_config, may_1):
    for day in (1, 2, 3):
        columns = {"id": [day], "time": [may_1 + 86_400 * (day - 1)], "user": ["u"]}
        columns |= {"age": [1.0], "history": [["x"]]}
        write_log("impressions", f"2024-05-0{day}", columns)
    changes = {"split": {"by": "time", "eval": "1 span"}}
    config = make_config(events=False, columns=make_config(events=False).columns[:5], **changes)
    examples, _ = run(config, '["2024-05-03", "2024-05-01"]')
    assert [row["impression_id"] for row in examples_of(examples, "train")] == [[b"1"]]
    assert [row["impression_id"] for row in examples_of(examples, "eval")] == [[b"3"]]
    assert examples.span == 19_846
    with pytest.raises(ValueError, match=r"needs at least 2 spans. Received: 1"):
        run(config, SPAN)


def test_rejected_rows_and_duplicates_are_in_the_ledger(
    run, write_tiny_logs, write_log, make_config, may_1
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
    _, ledger = run(make_config("csv"))
    found = json.loads(pathlib.Path(ledger.uri, "ledger.json").read_text())
    assert found["impressions"] == {
        "read": 8,
        "duplicates": 1,
        "rejected": {"id: missing": 1, "time: not a number": 1, "age: not a number": 1},
    }
    assert found["examples"] == {"train": 2, "eval": 2}


def test_a_missing_span_and_a_missing_column_are_errors(
    run, write_tiny_logs, write_log, make_config, may_1
):
    write_tiny_logs()
    with pytest.raises(ValueError, match=r"no file matches .*2024-05-07"):
        run(make_config(), '["2024-05-01", "2024-05-07"]')
    write_log("clicks", "2024-05-01", {"id": [1], "at": [may_1]}, name="other")
    with pytest.raises(ValueError, match=r"other.parquet has no column 'time'. .* are: id, at"):
        run(make_config())


def test_tfx_reads_zeros_as_values_and_missing_ones_as_missing(run, write_tiny_logs, make_config):
    write_tiny_logs()
    examples, _ = run(make_config())
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
