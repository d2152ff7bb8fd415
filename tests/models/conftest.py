"""Six hand-written rows through TFT, once: what several tests of models look at."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from pydantic import TypeAdapter

from models.config import ModelConfig
from models.optimizers import make_optimizer
from models.ranking_model import Batch, RankingModel
from models.requests import DTYPES
from models.spec import ModelSpec
from models.targets import Targets, make_targets
from models.training_config import TrainingConfig
from schemas.columns import Column
from schemas.features import Categorical, Feature, Numeric, Sequence
from schemas.heads import Head, Heads
from schemas.layout import is_learnt, make_layout
from tests.stand_in.transform import learn

FEATURES = TypeAdapter(dict[str, Feature]).validate_python(
    {
        "item": {
            "kind": "categorical",
            "side": "item",
            "vocabulary": {"max_size": 2, "min_count": 2, "oov": 1},
            "width": 8,
        },
        "city": {"kind": "categorical", "side": "user", "hash": 5, "width": 8},
        "age": {
            "kind": "numeric",
            "side": "user",
            "transform": "quantiles",
            "buckets": 2,
            "width": 4,
        },
        "history": {"kind": "sequence", "side": "user", "shares": "item", "max_length": 3},
        "price": {"kind": "numeric", "side": "item"},
        "stock": {"kind": "numeric", "side": "item", "transform": "log"},
    }
)
SPEC = ModelSpec(
    name="tiny",
    columns=tuple(
        Column(name, kind, repeated=name == "history")
        for name, kind in {
            "item": "text",
            "city": "text",
            "age": "float",
            "history": "text",
            "price": "float",
            "stock": "float",
        }.items()
    )
    + tuple(Column(label, "int", role="label") for label in ("click", "conversion")),
    features=FEATURES,
    heads={"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")},
    targets=("click", "conversion"),
    model=ModelConfig(trunk={"kind": "mmoe", "experts": 2}, units=(8,), tower=(4,)),
    training=TrainingConfig(batch_size=4, epochs=3, seed=1, checkpoint_every=2),
    score="ctr * cvr ** 2 * price",
    spans=("2026-01-01", "2026-01-02"),
)
# item: a x3 and b x2 are known, c is seen once; the rest as named.
ROWS = [
    {"item": ["a"], "city": ["x"], "age": [10.0], "history": ["b", "z", "a", "b"], "price": [1.0]},
    {"item": ["a"], "age": [20.0], "history": [], "price": [3.0], "stock": [math.e - 1]},
    {"item": ["a"], "city": [""], "age": [30.0], "price": [math.nan], "stock": [0.0]},
    {"item": ["b"], "city": ["x"], "age": [40.0], "price": [math.inf]},
    {"item": ["b"], "city": ["y"], "price": [2.0]},
    {"item": ["c"], "city": ["y"], "price": []},
]
CLICKS = [[1], [0], [0], [1], [], [0]]


CONVERSIONS = [[1], [0], [0], [0], [], [0]]


class Funnel:
    """A small model of ctr and cvr, and batches for it."""

    heads: ClassVar[Heads] = {
        "ctr": Head(label="click"),
        "cvr": Head(label="conversion", given="ctr"),
    }
    layout = make_layout(
        {
            "user": Categorical(kind="categorical", side="user", hash=20, width=4),
            "item": Categorical(kind="categorical", side="item", hash=30, width=4),
            "items": Sequence(kind="sequence", side="user", shares="item", max_length=3),
            "price": Numeric(kind="numeric", side="item"),
        }
    )

    def config(self, **other: object) -> ModelConfig:
        small = {"units": (8, 4), "tower": (4,), "trunk": {"kind": "mmoe", "experts": 2}}
        return ModelConfig(**{**small, **other})

    def make(self, seed: int = 0, **config: object) -> RankingModel:
        model = RankingModel(self.layout, self.heads, self.config(**config), seed=seed)
        model.compile(optimizer=make_optimizer(model, TrainingConfig()))
        return model

    def batch(self, size: int = 6, seed: int = 0) -> Batch:
        random = np.random.default_rng(seed)
        item = self.layout.tables["item"].offset
        ids = np.stack([random.integers(0, 21, size), item + random.integers(0, 31, size)], 1)
        click = random.integers(0, 2, size)
        features = {
            "ids_4": tf.constant(ids, tf.int64),
            "sequence_items": tf.constant(item + random.integers(0, 31, (size, 3)), tf.int64),
            "dense": tf.constant(random.normal(size=(size, 1)), tf.float32),
        }
        conversion = click * random.integers(0, 2, size)
        return features, tf.constant(np.stack([click, conversion], 1), tf.float32)


@pytest.fixture(scope="session")
def funnel() -> Funnel:
    return Funnel()


@pytest.fixture
def targets_of() -> Callable[..., Targets]:
    """Makes the targets of a batch: `targets_of(heads, columns by name, groups=None)`."""

    def make(heads: Heads, columns: Mapping[str, tf.Tensor], groups: object = None) -> Targets:
        packed = tf.stack([tf.cast(column, tf.float32) for column in columns.values()], axis=1)
        numbers = None if groups is None else tf.constant(groups, tf.int64)
        return make_targets(packed, tuple(columns), heads, numbers)

    return make


@dataclasses.dataclass(frozen=True)
class Tiny:
    """The rows, what TFT made of them, and where it lies."""

    spec: ModelSpec
    rows: list[dict[str, list[object]]]
    packed: list[dict[str, object]]
    graph: str
    files: list[str]

    def transform(self) -> tft.TFTransformOutput:
        return tft.TFTransformOutput(self.graph)

    def examples(self) -> list[bytes]:
        """The raw rows as serialized examples, labels left out."""
        return [serialize({n: row[n] for n in FEATURES}) for row in self.rows]


def serialize(row: dict[str, list[object]]) -> bytes:
    """Returns a serialized tf.Example of lists of texts, floats or ints."""
    example = tf.train.Example()
    for name, values in row.items():
        feature = example.features.feature[name]
        if values and isinstance(values[0], str):
            feature.bytes_list.value.extend(value.encode() for value in values)
        elif values and isinstance(values[0], int):
            feature.int64_list.value.extend(values)
        elif values:
            feature.float_list.value.extend(values)
    return example.SerializeToString()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    place = tmp_path_factory.mktemp("tiny")
    rows = [
        {**{name: row.get(name, []) for name in FEATURES}, "click": click, "conversion": conversion}
        for row, click, conversion in zip(ROWS, CLICKS, CONVERSIONS, strict=True)
    ]
    packed = _pack(rows, learn(SPEC, rows, place / "graph"))
    return Tiny(SPEC, rows, packed, str(place / "graph"), [_write(place, packed)])


def _pack(
    rows: list[dict[str, list[object]]], transform: tft.TFTransformOutput
) -> list[dict[str, np.ndarray]]:
    """Packs as the component does: without what was learnt."""
    raw = {
        column.name: tf.ragged.constant(
            [row[column.name] for row in rows], DTYPES[column.type], ragged_rank=1
        ).to_sparse()
        for column in SPEC.columns
    }
    found = transform.transform_features_layer()(raw)
    packed = {name: values.numpy() for name, values in found.items() if not is_learnt(name)}
    return [{n: values[number] for n, values in packed.items()} for number in range(len(rows))]


def _write(place: Path, packed: list[dict[str, object]]) -> str:
    path = str(place / "transformed-00000-of-00001.gz")
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for row in packed:
            writer.write(serialize({name: values.tolist() for name, values in row.items()}))
    return path
