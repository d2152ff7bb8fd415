import datetime
import json
import pathlib

import apache_beam as beam
import pyarrow as pa
import pytest
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing import test_pipeline
from apache_beam.testing.util import assert_that, equal_to

from components.log_example_gen import files, transforms
from components.log_example_gen.blocks import tables
from components.log_example_gen.join import Labelled

MAY_1 = datetime.date(2024, 5, 1)


def pipeline():
    return test_pipeline.TestPipeline(runner="FnApiRunner", options=PipelineOptions([]))


def numbered(config):
    return list(enumerate(files.sources(config.logs, [MAY_1], config.attribution)))


def labels_of(examples):
    names = ("impression_id", "click", "conversion", "value")
    columns = [examples.column(name).to_pylist() for name in names]
    return [(examples.split, *row) for row in zip(*columns, strict=True)]


def labelled(split="train", ids=("b", "a")):
    batch = pa.RecordBatch.from_pydict({"impression_id": sorted(ids)})
    rows = pa.array([sorted(ids).index(i) for i in ids])
    return Labelled(split, 0, batch, rows, {"click": pa.array([0, 1][: len(ids)])})


def test_files_are_read_into_blocks_of_their_partition(write_tiny_logs, make_config):
    write_tiny_logs()
    config = make_config()
    with pipeline() as p:
        read = p | beam.Create(numbered(config)) | transforms.ReadEvents(config, [MAY_1], 1)
        rows = read["blocks"] | beam.MapTuple(
            lambda _, block: (block[0], tables([block])[block[0]].num_rows)
        )
        assert_that(rows, equal_to([("impressions", 4), ("clicks", 2), ("conversions", 1)]))
        assert_that(
            read["counts"],
            equal_to(
                [
                    {("impressions", "read"): 4},
                    {("clicks", "read"): 2},
                    {("conversions", "read"): 1},
                ]
            ),
            label="Counts",
        )


@pytest.mark.parametrize("partitions", [1, 3])
def test_impressions_are_labelled_whatever_the_partitions(write_tiny_logs, make_config, partitions):
    write_tiny_logs()
    config = make_config()
    with pipeline() as p:
        read = (
            p | beam.Create(numbered(config)) | transforms.ReadEvents(config, [MAY_1], partitions)
        )
        examples = (read["blocks"] | transforms.LabelImpressions(config))["examples"]
        assert_that(
            examples | beam.FlatMap(labels_of),
            equal_to(
                [
                    ("train", "1", 1, 1, 9.5),
                    ("eval", "2", 1, 0, 0.0),
                    ("train", "3", 0, 0, 0.0),
                    ("eval", "4", 0, 0, 0.0),
                ]
            ),
        )


def test_labelled_impressions_are_counted(write_tiny_logs, make_config):
    write_tiny_logs()
    config = make_config()
    with pipeline() as p:
        read = p | beam.Create(numbered(config)) | transforms.ReadEvents(config, [MAY_1], 1)
        counts = (read["blocks"] | transforms.LabelImpressions(config))["counts"]
        changed = counts | beam.Map(lambda found: {path: n for path, n in found.items() if n})
        assert_that(
            changed,
            equal_to(
                [
                    {
                        ("clicks", "joined"): 2,
                        ("conversions", "joined"): 1,
                        ("examples", "train"): 2,
                        ("examples", "eval"): 2,
                        ("positives", "train", "click"): 1,
                        ("positives", "train", "conversion"): 1,
                        ("positives", "eval", "click"): 1,
                    }
                ]
            ),
        )


def test_labels_of_the_impressions_log_are_counted_too(write_log, make_config, may_1):
    given = {
        "id": [1, 2, 3],
        "time": [may_1] * 3,
        "user": ["ann"] * 3,
        "age": [1.0] * 3,
        "history": [["x"]] * 3,
        "click": [1.0, None, 0.0],
    }
    write_log("impressions", "2024-05-01", given)
    config = make_config(events=False)
    with pipeline() as p:
        read = p | beam.Create(numbered(config)) | transforms.ReadEvents(config, [MAY_1], 1)
        found = read["blocks"] | transforms.LabelImpressions(config)
        expected = {("impressions", "duplicates"): 0, ("examples", "train"): 3}
        assert_that(found["counts"], equal_to([expected | {("positives", "train", "click"): 1}]))


def test_a_shard_holds_the_examples_in_order(tmp_path):
    (tmp_path / "Split-train").mkdir()
    (tmp_path / "incomplete").mkdir()
    with pipeline() as p:
        paths = p | beam.Create([labelled()]) | transforms.WriteExamples(str(tmp_path), 2)
        path = str(tmp_path / "Split-train/data_tfrecord-00000-of-00002.gz")
        assert_that(paths, equal_to([path]))
    records = tf.data.TFRecordDataset(path, compression_type="GZIP")
    found = [tf.train.Example.FromString(record.numpy()).features.feature for record in records]
    assert [row["impression_id"].bytes_list.value[0] for row in found] == [b"b", b"a"]
    assert [row["click"].int64_list.value[0] for row in found] == [0, 1]


def test_the_ledger_is_the_sum_of_the_counts(tmp_path):
    counts = [
        {("impressions", "read"): 3, ("impressions", "rejected", "id: missing"): 1},
        {("examples", "train"): 1, ("impressions", "duplicates"): 0},
        {("examples", "eval"): 1},
    ]
    with pipeline() as p:
        p | beam.Create(counts) | transforms.WriteLedger(str(tmp_path))
    assert json.loads(pathlib.Path(tmp_path, "ledger.json").read_text()) == {
        "examples": {"eval": 1, "train": 1},
        "impressions": {"duplicates": 0, "read": 3, "rejected": {"id: missing": 1}},
    }


def test_counts_that_do_not_agree_stop_the_pipeline(tmp_path):
    counts = [{("impressions", "read"): 3, ("examples", "train"): 1, ("examples", "eval"): 1}]
    with pytest.raises(ValueError, match="Rows were lost or made up"), pipeline() as p:
        p | beam.Create(counts) | transforms.WriteLedger(str(tmp_path))
    assert not list(tmp_path.iterdir())
