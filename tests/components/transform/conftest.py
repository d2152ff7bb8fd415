"""Small examples of some spans, as LogExampleGen lays them out, and a function that packs them."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

# Written to a file of its own: TFX finds it by its dotted path.
TOY = """
import tensorflow as tf
import tensorflow_transform as tft


def first(values, default):
    return tf.reshape(tf.sparse.to_dense(values, default), [-1, 1])


def pack(inputs, custom_config):
    item = tf.reshape(first(inputs["item"], ""), [-1])
    price, age = (first(inputs[name], 0.0) for name in ("price", "age"))
    known = tft.vocabulary(item, top_k=100, vocab_filename="item")
    index = tft.apply_vocabulary(item, known, default_value=-1)
    scaled = (price - tft.mean(price)) / tf.sqrt(tft.var(price)) * custom_config["scale"]
    bucket = tft.apply_buckets(age, tft.quantiles(age, 4, epsilon=0.001))
    return {
        "ids": tf.concat([index[:, tf.newaxis], bucket], axis=1),
        "dense": scaled,
        "click": tf.cast(first(inputs["click"], 0), tf.float32),
    }


def pack_items(inputs, custom_config):
    item = tf.reshape(first(inputs["item"], ""), [-1])
    known = tft.vocabulary(item, top_k=100, vocab_filename="item")
    return {"ids": tft.apply_vocabulary(item, known, default_value=-1)}


def pack_items_and_labels(inputs, custom_config):
    ids = pack_items(inputs, custom_config)["ids"]
    return {"ids": ids[:, tf.newaxis], "click": tf.cast(first(inputs["click"], 0), tf.float32)}


def pack_ages(inputs, custom_config):
    age = first(inputs["age"], 0.0)
    return {"ids": tft.apply_buckets(age, tft.quantiles(age, 4, epsilon=0.001))}


def pack_prices(inputs, custom_config):
    price = first(inputs["price"], 0.0)
    return {"dense": (price - tft.mean(price)) * custom_config["scale"]}


def pack_without_analysis(inputs, custom_config):
    return {"price": first(inputs["price"], 0.0)}
"""
SCHEMA = "\n".join(
    f'feature {{ name: "{name}" type: {kind} value_count {{ min: 0 max: 1 }} }}'
    for name, kind in (("item", "BYTES"), ("price", "FLOAT"), ("age", "FLOAT"), ("click", "INT"))
)
Row = tuple[str, float, float, int]


@pytest.fixture(scope="session", autouse=True)
def toy(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Makes the module `toy_preprocessing` importable."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "toy_preprocessing.py").write_text(TOY)
    sys.path.insert(0, str(folder))
    return "toy_preprocessing"


@pytest.fixture
def rows() -> Callable[[int], list[Row]]:
    """Makes the rows of a day: (item, price, age, click); each day has an item of its own."""

    def make(day: int) -> list[Row]:
        return [
            (f"item{i % (3 + day)}", float(i * day % 17), float((i * 7 + day) % 50), i % 2)
            for i in range(40)
        ]

    return make


@pytest.fixture
def schema() -> str:
    """Returns the schema of the rows."""
    return SCHEMA


@pytest.fixture(name="write_shard")
def _write_shard() -> Callable[[Path, Sequence[Row]], None]:
    """Returns what writes rows as a gzipped TFRecord of tf.Examples."""
    return write_shard


def write_shard(path: Path, rows: Sequence[Row]) -> None:
    """Writes rows as a gzipped TFRecord of tf.Examples."""
    import tensorflow as tf

    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as file:
        for item, price, age, click in rows:
            example = tf.train.Example()
            example.features.feature["item"].bytes_list.value.append(item.encode())
            example.features.feature["price"].float_list.value.append(price)
            example.features.feature["age"].float_list.value.append(age)
            example.features.feature["click"].int64_list.value.append(click)
            file.write(example.SerializeToString())


@pytest.fixture
def write_examples(
    tmp_path: Path, rows: Callable[[int], list[Row]]
) -> Callable[[str, Mapping[str, Sequence[int]]], Path]:
    """Writes an Examples artifact: two shards for each split and day."""

    def write(name: str, splits: Mapping[str, Sequence[int]]) -> Path:
        folder = tmp_path / name
        for split, days in splits.items():
            for day in days:
                for shard in range(2):
                    file = f"data_tfrecord-2026-01-{day:02d}-{shard:05d}-of-00002.gz"
                    write_shard(folder / f"Split-{split}" / file, rows(day)[shard::2])
        contents = {f"2026-01-{day:02d}": f"digest{day}" for day in splits["train"]}
        (folder / "contents.json").write_text(json.dumps(contents))
        return folder

    return write


@pytest.fixture
def execute(tmp_path: Path, toy: str) -> Callable[..., Any]:
    """Runs the executor as TFX does; returns the transform graph and the packed examples."""
    import apache_beam as beam
    from tfx.types import artifact_utils, standard_artifacts

    from components.transform.executor import Executor

    def run(examples: Path, name: str, analyses: str = "analyses", **changes: Any) -> Any:
        given = standard_artifacts.Examples()
        given.uri = str(examples)
        given.span = 20_454
        given.set_string_custom_property("spans", '["2026-01-01", "2026-01-02"]')
        splits = sorted(path.name.removeprefix("Split-") for path in examples.glob("Split-*"))
        given.split_names = artifact_utils.encode_split_names(splits)
        schema = standard_artifacts.Schema()
        schema.uri = str(tmp_path / "schema")
        Path(schema.uri).mkdir(exist_ok=True)
        Path(schema.uri, "schema.pbtxt").write_text(SCHEMA)
        graph, packed = standard_artifacts.TransformGraph(), standard_artifacts.Examples()
        graph.uri, packed.uri = (str(tmp_path / name / key) for key in ("graph", "packed"))
        context = Executor.Context(
            # With arguments TFX would first pack itself for remote workers, which takes seconds.
            make_beam_pipeline_fn=lambda: beam.Pipeline(argv=["--runner=FnApiRunner"]),
            tmp_dir=str(tmp_path),
            unique_id=name,
        )
        properties = {
            "preprocessing_fn": f"{toy}.pack",
            "custom_config": '{"scale": 1.0}',
            "analyses": str(tmp_path / analyses),
            **changes,
        }
        Executor(context).Do(
            {"examples": [given], "schema": [schema]},
            {"transform_graph": [graph], "transformed_examples": [packed]},
            properties,
        )
        return graph, packed

    return run
