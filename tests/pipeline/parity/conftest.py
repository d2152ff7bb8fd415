"""A model of every kind of feature, trained by nobody, with the transforms of a few rows."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from components.log_example_gen.cast import cast
from components.log_example_gen.read import Rows
from components.log_example_gen.rejects import Rejects
from models.config import ModelConfig
from models.export import export
from models.export_config import ExportConfig
from models.ranking_model import RankingModel
from models.spec import ModelSpec
from models.training_config import TrainingConfig
from pipeline.log_rows import row_fields
from pipeline.parity.doors import Doors
from pipeline.parity.training_path import TrainingPath
from schemas.columns import Column
from schemas.features import Categorical, Numeric, Sequence, Vocabulary
from schemas.heads import Head
from tests.stand_in.transform import learn

SPEC = ModelSpec(
    name="shop",
    id=("id",),
    columns=(
        Column("id", "text", role="key"),
        Column("user", "text"),
        Column("age", "float"),
        Column("history", "text", repeated=True),
        Column("hour", "text"),
        Column("item", "text"),
        Column("brand", "text"),
        Column("price", "float"),
        Column("stock", "float"),
        Column("tags", "text", repeated=True),
        Column("margin", "float", role="extra"),
        Column("place", "text", role="position"),
        Column("click", "int", role="label"),
        Column("conversion", "int", role="label"),
    ),
    features={
        "user": Categorical(kind="categorical", side="user", hash=50, width=4),
        "age": Numeric(kind="numeric", side="user", transform="quantiles", buckets=3, width=4),
        "history": Sequence(kind="sequence", side="user", shares="item", max_length=3),
        "hour": Categorical(kind="categorical", side="context", hash=24, width=2),
        "item": Categorical(
            kind="categorical", side="item", vocabulary=Vocabulary(max_size=9, oov=3), width=4
        ),
        "brand": Categorical(kind="categorical", side="item", shares="item"),
        "price": Numeric(kind="numeric", side="item"),
        "stock": Numeric(kind="numeric", side="item", transform="log"),
        "tags": Sequence(kind="sequence", side="item", shares="user", max_length=2),
        "place": Categorical(kind="categorical", side="position", hash=4, width=2),
    },
    heads={"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")},
    targets=("click", "conversion"),
    model=ModelConfig(trunk={"kind": "mmoe", "experts": 2}, units=(8,), tower=(4,)),
    training=TrainingConfig(batch_size=4),
    score="ctr ** 0.5 * cvr * (1 + 2 * margin)",
)
# What training saw: items i and j are known, and Ω.
SEEN = [
    {"item": ["i"], "age": [20.0], "price": [1.0], "stock": [0.0], "history": ["j", "i"]},
    {"item": ["j"], "age": [30.0], "price": [3.0], "stock": [100.0]},
    {"item": ["i"], "age": [40.0], "price": [8.0], "stock": [7.0]},
    {"item": ["Ω"], "age": [50.0], "price": [2.0]},
]


def row(**changes: object) -> dict[str, object]:
    """Returns a row of a log, with changes."""
    usual: dict[str, object] = {
        "id": "a",
        "user": "u1",
        "age": 33.0,
        "history": ["i", "j"],
        "hour": "8",
        "item": "i",
        "brand": "j",
        "price": 2.5,
        "stock": 12.0,
        "tags": ["new"],
        "margin": 0.3,
    }
    return {**usual, **changes}


_TYPES = {"text": pa.string(), "float": pa.float64()}


def raw_batch(rows: Iterable[Mapping[str, object]]) -> pa.RecordBatch:
    """Returns rows as a log of the types that Parquet keeps."""
    kinds = {
        column.name: pa.list_(pa.string()) if column.repeated else _TYPES[column.type]
        for column in SPEC.columns
        if column.role in ("key", "feature", "extra")
    }
    return pa.RecordBatch.from_pylist(list(rows), pa.schema(kinds))


@dataclasses.dataclass(frozen=True)
class Shop:
    """The model, and what it is asked.

    Attributes:
        spec: what it was made from.
        model_dir: its version's folder.
        rows: of a log, each with its own id.
    """

    spec: ModelSpec
    model_dir: Path
    rows: tuple[dict[str, object], ...]
    _model: RankingModel
    _transform: tft.TFTransformOutput

    def export(self, directory: Path, config: ExportConfig) -> None:
        """Exports the model in another form."""
        spec = self.spec.model_copy(update={"export": config})
        export(self._model, self._transform, spec, str(directory))


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    place = tmp_path_factory.mktemp("shop")
    transform = learn(SPEC, SEEN, place / "graph")
    model = RankingModel(SPEC.layout(), SPEC.heads, SPEC.model, seed=3)
    for number, variable in enumerate(model.trainable_variables):
        # What is new answers alike for all rows: untrained biases and tables are zero or small.
        variable.assign(tf.random.stateless_normal(variable.shape, [number, 1], stddev=0.5))
    model_dir = place / "17"
    export(model, transform, SPEC, str(model_dir))
    rows = [
        row(),
        row(user="u2", item="j", price=None, history=[]),
        row(user=None, item="unknown", brand="Ω", age=None, tags=None, margin=None),
        row(user="u1", age=51.0, item="", stock=-4.0, history=["j"] * 9, hour=None),
    ]
    named = tuple({**one, "id": f"r{number}"} for number, one in enumerate(rows * 5))
    return Shop(SPEC, model_dir, named, model, transform)


@pytest.fixture(scope="session")
def loaded(shop: Shop) -> Any:
    return tf.saved_model.load(str(shop.model_dir))


@pytest.fixture(scope="session")
def path(shop: Shop, loaded: Any) -> TrainingPath:
    return TrainingPath(shop.model_dir, loaded, shop.spec)


@pytest.fixture(scope="session")
def doors(shop: Shop, loaded: Any) -> Doors:
    return Doors(loaded, shop.spec)


@pytest.fixture(scope="session", name="row")
def row_of_a_log() -> Callable[..., dict[str, object]]:
    """Returns `row`, above."""
    return row


@pytest.fixture(scope="session")
def typed(shop: Shop) -> Callable[..., pa.RecordBatch]:
    """Casts rows of a log as ingestion does; those that do not cast are left out."""

    def of(rows: Iterable[Mapping[str, object]]) -> pa.RecordBatch:
        raw = raw_batch(rows)
        numbers = np.arange(1, raw.num_rows + 1)
        rejects = Rejects("impressions", "log")
        fields = row_fields(shop.spec)
        raw = pa.RecordBatch.from_pydict(
            {field.source: raw.column(field.source) for field in fields}
        )
        return cast(Rows(raw, numbers), fields, rejects)[0]

    return of


@pytest.fixture(scope="session")
def write_parquet() -> Callable[..., Path]:
    """Writes rows of a log as Parquet."""

    def write(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pa.parquet.write_table(pa.Table.from_batches([raw_batch(rows)]), path)
        return path

    return write
