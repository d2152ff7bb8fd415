import functools
import importlib

import apache_beam as beam
import pytest
import tensorflow_transform.beam as tft_beam
from apache_beam.testing.util import assert_that, equal_to
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.beam import analyzer_cache
from tfx_bsl.tfxio import tf_example_record

from components.transform.accumulation import accumulate

# Means are not compared: the batches, which time decides, change their last digits.
DAYS = (1, 2)


@pytest.fixture
def given(write_examples, schema):
    """Returns the rows of each day, once wired into a pipeline, and what they are."""
    folder = write_examples("examples", {"train": DAYS})
    parsed = text_format.Parse(schema, schema_pb2.Schema())

    def source(day):
        pattern = f"{folder}/Split-train/data_tfrecord-2026-01-0{day}-*"
        return tf_example_record.TFExampleRecord([pattern], schema=parsed)

    def wire(pipeline):
        return {
            analyzer_cache.DatasetKey(f"day-{day}"): pipeline
            | f"Read {day}" >> source(day).BeamSource()
            for day in DAYS
        }

    return wire, source(1).TensorAdapterConfig()


@pytest.mark.parametrize("function", ["pack_items", "pack_ages"])
def test_it_finds_what_tensorflow_transform_finds_for_its_cache(given, toy, tmp_path, function):
    wire, config = given
    pack = functools.partial(getattr(importlib.import_module(toy), function), custom_config={})
    with (
        beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline,
        tft_beam.Context(temp_dir=str(tmp_path)),
    ):
        rows = wire(pipeline)
        found = accumulate(pipeline, rows, config, pack)
        _, expected = (rows, {}, config) | "Theirs" >> tft_beam.AnalyzeDatasetWithCache(
            pack, pipeline=pipeline
        )
        assert found.keys() == expected.keys() == rows.keys()
        for key, theirs in expected.items():
            assert found[key].keys() == theirs.cache_dict.keys() != set()
            for i, (entry, values) in enumerate(theirs.cache_dict.items()):
                name = f"{key.key} {i}"
                assert_that(
                    (
                        found[key][entry] | f"Ours {name}" >> beam.Map(lambda value: (value, 1)),
                        values | f"Theirs {name}" >> beam.Map(lambda value: (value, -1)),
                    )
                    | f"Join {name}" >> beam.Flatten()
                    | f"Subtract {name}" >> beam.CombinePerKey(sum)
                    | f"Differ {name}" >> beam.MapTuple(lambda _, difference: difference)
                    | f"Once {name}" >> beam.Distinct(),
                    equal_to([0]),
                    label=f"Compare {name}",
                )


def test_nothing_is_added_up(given, toy, tmp_path):
    wire, config = given
    pack = functools.partial(importlib.import_module(toy).pack_items, custom_config={})
    pipeline = beam.Pipeline(argv=["--runner=FnApiRunner"])
    with tft_beam.Context(temp_dir=str(tmp_path)):
        accumulate(pipeline, wire(pipeline), config, pack)
    labels = [part.full_label for part in pipeline.transforms_stack[0].parts]
    assert any(label.startswith("VocabularyAccumulate") for label in labels)
    assert not [label for label in labels if "Merge" in label or "Write" in label]
