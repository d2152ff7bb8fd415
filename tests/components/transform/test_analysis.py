import collections
import functools
import importlib
import pathlib

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.transform import analysis as module
from components.transform.analyses import Analyses
from components.transform.analysis import Analysis


@pytest.fixture
def analysis_of(tmp_path, toy, schema):
    """Returns the folder of analyses, and the analysis of patterns of files."""
    parsed = text_format.Parse(schema, schema_pb2.Schema())
    kept = Analyses(str(tmp_path / "kept"))

    def make(files, function="pack_items"):
        packing = getattr(importlib.import_module(toy), function)
        return kept, Analysis(files, parsed, functools.partial(packing, custom_config={}))

    return make


@pytest.fixture
def analyse(analysis_of, tmp_path):
    """Analyses patterns of files; returns the plan and the output of tf.Transform."""

    def run(files, name, function="pack_items"):
        temporary = tmp_path / name / "temporary"
        temporary.mkdir(parents=True)
        kept, analysis = analysis_of(files, function)
        plan = analysis.plan(kept, str(temporary))
        graph = str(tmp_path / name / "graph")
        with (
            beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline,
            tft_beam.Context(temp_dir=str(temporary)),
        ):
            analysis.run(pipeline, plan, kept, graph)
        return plan, tft.TFTransformOutput(graph)

    return run


@pytest.fixture
def files(write_examples):
    """Returns a pattern of the training files for the name of each day's analysis."""
    folder = write_examples("examples", {"train": [1, 2, 3, 4], "eval": [5]})
    return {
        f"2026-01-0{day}-x": f"{folder}/Split-train/data_tfrecord-2026-01-0{day}-*"
        for day in (1, 2, 3, 4)
    }


def vocabulary(rows, days):
    """Returns the items of some days, the commonest first, of equals the last by name."""
    counts = collections.Counter(item for day in days for item, *_ in rows(day))
    ordered = sorted(counts, key=lambda item: (counts[item], item), reverse=True)
    return [item.encode() for item in ordered]


def test_of_a_moved_window_the_new_span_alone_is_read(analyse, files, rows):
    names = list(files)
    plan, _ = analyse({name: files[name] for name in names[:3]}, "one")
    assert (plan.known, plan.apart, plan.together) == ({}, tuple(names[:3]), ())
    for name in names[:3]:
        for path in pathlib.Path("/").glob(files[name].lstrip("/")):
            path.write_bytes(b"whoever reads this fails")
    plan, output = analyse({name: files[name] for name in names[1:]}, "two")
    assert (sorted(plan.known), plan.apart) == (names[1:3], (names[3],))
    assert output.vocabulary_by_name("item") == vocabulary(rows, (2, 3, 4))


def test_of_many_new_spans_the_newest_are_kept_and_the_others_read_as_one(
    analyse, files, rows, monkeypatch
):
    monkeypatch.setattr(module, "MOST_APART", 2)
    names = list(files)
    plan, output = analyse(files, "one")
    assert (plan.apart, plan.together) == (tuple(names[2:]), tuple(names[:2]))
    assert output.vocabulary_by_name("item") == vocabulary(rows, (1, 2, 3, 4))
    plan, output = analyse(files, "two")
    assert (sorted(plan.known), plan.apart, plan.together) == (names[2:], tuple(names[:2]), ())
    assert output.vocabulary_by_name("item") == vocabulary(rows, (1, 2, 3, 4))


def test_what_is_found_by_a_pipeline_of_its_own_is_not_read_again(
    analysis_of, files, rows, tmp_path, monkeypatch
):
    names = list(files)
    kept, analysis = analysis_of(files)
    monkeypatch.setattr(module, "MOST_APART", 2)
    plan = analysis.plan(kept, str(tmp_path))
    monkeypatch.setattr(module, "MOST_COPIES", 2 * len(plan.entries))
    assert not plan.split
    monkeypatch.setattr(module, "MOST_COPIES", 2 * len(plan.entries) - 1)
    assert plan.split
    with (
        beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline,
        tft_beam.Context(temp_dir=str(tmp_path)),
    ):
        analysis.find(pipeline, plan, kept)
    for name in names[2:]:
        for path in pathlib.Path("/").glob(files[name].lstrip("/")):
            path.write_bytes(b"whoever reads this fails")
    left = analysis.proceed(plan, kept, str(tmp_path))
    assert (sorted(left.known), left.apart, left.together) == (names[2:], (), plan.together)
    assert not left.split
    with (
        beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline,
        tft_beam.Context(temp_dir=str(tmp_path)),
    ):
        analysis.run(pipeline, left, kept, str(tmp_path / "graph"))
    output = tft.TFTransformOutput(str(tmp_path / "graph"))
    assert output.vocabulary_by_name("item") == vocabulary(rows, (1, 2, 3, 4))


def test_quantiles_that_were_added_up_are_within_epsilon(analyse, tmp_path, write_shard):
    rng = np.random.default_rng(7)
    ages = rng.lognormal(size=(5, 4000)).astype(np.float32)
    files = {}
    for day, values in enumerate(ages):
        path = tmp_path / f"Split-train/data_tfrecord-2026-01-0{day}-00000-of-00001.gz"
        write_shard(path, [("i", 0.0, float(age), 0) for age in values])
        files[f"day-{day}"] = str(path)
    analyse({name: files[name] for name in list(files)[:4]}, "one", "pack_ages")
    plan, output = analyse(files, "two", "pack_ages")
    assert len(plan.known) == 4
    layer = output.transform_features_layer()
    every = np.sort(ages.ravel())
    made = layer(
        {
            "item": tf.sparse.from_dense([["i"]] * len(every)),
            "price": tf.sparse.from_dense([[1.0]] * len(every)),
            "age": tf.sparse.from_dense(every[:, np.newaxis]),
            "click": tf.sparse.from_dense(tf.ones([len(every), 1], tf.int64)),
        }
    )
    # Both bounds of a bucket are off by epsilon at most.
    shares = np.bincount(made["ids"].numpy()[:, 0]) / len(every)
    np.testing.assert_allclose(shares, 0.25, atol=2 * 0.001)
