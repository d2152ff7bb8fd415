"""Our SavedModel: a real transform, a model of random weights, the export of a pipeline.

    python -m benchmarks.serving_speed.ours ARCHITECTURE FOLDER

Half of each side's fields are looked up in vocabularies, the others are hashed.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.serving_speed.requests import as_columns, draw
from benchmarks.serving_speed.task import FIELD_NAMES, NUMBER_NAMES, ROWS_A_TABLE, USER_NAMES
from benchmarks.training_speed.ours import model_config
from benchmarks.training_speed.task import ARCHITECTURES, WIDTH, Architecture
from models.export import export
from models.export_config import ExportConfig
from models.ranking_model import RankingModel
from models.spec import ModelSpec
from models.training_config import TrainingConfig
from schemas.columns import Column
from schemas.features import Categorical, Feature, Numeric, Side, Vocabulary
from schemas.heads import Head
from tests.stand_in.transform import learn

EXAMPLES = 4000  # that the transform learns vocabularies and means from
_LABELS = ("click", "conversion")


def make_spec(shape: Architecture, rows_a_table: int = ROWS_A_TABLE) -> ModelSpec:
    """Returns the spec of a pipeline with these fields, numbers and heads."""
    features: dict[str, Feature] = {}
    for i, name in enumerate(FIELD_NAMES):
        # One row is for missing values, and one of a vocabulary's for unknown ones.
        known = (
            {"hash": rows_a_table - 1}
            if i % 2
            else {"vocabulary": Vocabulary(max_size=rows_a_table - 2)}
        )
        features[name] = Categorical(kind="categorical", side=_side(name), width=WIDTH, **known)
    for name in NUMBER_NAMES:
        features[name] = Numeric(kind="numeric", side=_side(name))
    columns = [Column(name, "text") for name in FIELD_NAMES]
    columns += [Column(name, "float") for name in NUMBER_NAMES]
    columns += [Column(label, "int", role="label") for label in _LABELS]
    return ModelSpec(
        name="benchmark",
        columns=tuple(columns),
        features=features,
        heads={
            "ctr": Head(label="click"),
            "cvr": Head(label="conversion", given="ctr" if shape.funnel else None),
        },
        targets=_LABELS,
        model=model_config(shape),
        training=TrainingConfig(),
        # Its tables have all their rows, as the peer's do: few values of each are found here.
        export=ExportConfig(prune_unused=False),
    )


def _side(name: str) -> Side:
    return "user" if name in USER_NAMES else "item"


def _rows() -> list[dict[str, list[Any]]]:
    """Returns random rows of these columns, to learn from."""
    rows = draw(EXAMPLES, seed=1)
    columns = as_columns(rows)
    columns |= {label: rows.ids[:, 0] % 2 for label in _LABELS}
    return [{name: [values[i]] for name, values in columns.items()} for i in range(len(rows.ids))]


def write(shape: Architecture, folder: Path) -> None:
    """Writes the SavedModel into a folder."""
    spec = make_spec(shape)
    model = RankingModel(spec.layout(), spec.heads, spec.model, seed=1)
    with tempfile.TemporaryDirectory() as scratch:
        transform = learn(spec, _rows(), Path(scratch, "graph"))
        export(model, transform, spec, str(folder))


if __name__ == "__main__":
    write(ARCHITECTURES[sys.argv[1]], Path(sys.argv[2]))
