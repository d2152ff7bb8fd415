"""Scores raw log rows with a pushed model, batch by batch, through its `predict_columns` door."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from components.log_example_gen.cast import cast_columns
from components.log_example_gen.read import expand, read_batches
from models.signatures import length_name
from models.spec import ModelSpec
from models.trainer import SPEC_FILE
from pipeline.errors import Misuse
from schemas.columns import Column

BATCH = 4096


@dataclasses.dataclass(frozen=True)
class Scored:
    """What scoring did: rows written and rows left out, by reason."""

    rows: int
    rejected: Mapping[str, int]


def read_spec(model_dir: Path) -> ModelSpec:
    """Returns the spec kept beside a pushed model.

    Raises:
        Misuse: if the folder is no model of ours.
    """
    path = model_dir / "assets.extra" / SPEC_FILE
    try:
        return ModelSpec.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misuse(
            f"{model_dir} is no model of funnelrank: it lacks assets.extra/{SPEC_FILE}. "
            "Give a version's folder, such as runs/demo/serving/1700000000"
        ) from error
