"""Pushed models whose answers are worked out by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path

import tensorflow as tf

from models.config import ModelConfig
from models.requests import column_specs
from models.spec import ModelSpec
from models.training_config import TrainingConfig
from schemas.columns import Column
from schemas.features import Categorical, Numeric, Sequence
from schemas.heads import Head
from schemas.logs import Clock
from schemas.served_model import EXTRA_FOLDER, SPEC_FILE

# A column of each kind.
TINY = ModelSpec(
    name="tiny",
    id=("id",),
    time=Clock(column="at", unit="ms"),
    columns=(
        Column("id", "text", role="key"),
        Column("city", "text"),
        Column("age", "float"),
        Column("history", "text", repeated=True),
        Column("click", "int", role="label"),  # not asked of a log to score
    ),
    features={
        "city": Categorical(kind="categorical", side="user", hash=5, width=4),
        "age": Numeric(kind="numeric", side="user"),
        "history": Sequence(kind="sequence", side="user", shares="city", max_length=3),
    },
    heads={"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")},
    targets=("click", "conversion"),
    model=ModelConfig(trunk="shared_bottom", units=(4,), tower=(4,)),
    training=TrainingConfig(batch_size=4),
)
# One number.
HALVED = TINY.model_copy(
    update={
        "time": None,
        "columns": (Column("id", "text", role="key"), Column("age", "float")),
        "features": {"age": Numeric(kind="numeric", side="user")},
        "heads": {"ctr": Head(label="click")},
        "targets": ("click",),
    }
)


def half(age: tf.Tensor) -> Mapping[str, tf.Tensor]:
    """Answers half the age."""
    return {"ctr": age / 2}


def push(spec: ModelSpec, answer: Callable[..., Mapping[str, tf.Tensor]], version: Path) -> Path:
    """Writes a version that answers columns by a function of them, by name; returns its folder."""
    module = tf.Module()
    module.answer = tf.function(answer)
    door = module.answer.get_concrete_function(**column_specs(spec.inputs()))
    tf.saved_model.save(module, str(version), {"predict_columns": door})
    write_spec(spec, version)
    return version


def write_spec(spec: ModelSpec, version: Path) -> None:
    """Writes what a version was made from into its folder."""
    path = version / EXTRA_FOLDER / SPEC_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(spec.model_dump_json(), encoding="utf-8")
