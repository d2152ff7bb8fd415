"""Data in memory to figures: sizes the methods, trains them and judges them."""

import gc
import time
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.census_income.data import Part, declared
from benchmarks.census_income.plan import (
    BUDGET,
    GROUPS,
    Run,
    Setting,
    model_config,
    settings,
    training_config,
)
from benchmarks.learning.fit import answers, fit
from evaluation.areas import auc
from models.ranking_model import RankingModel
from schemas.layout import make_layout


class Learner:
    """Trains on the first part and judges on the others.

    Args:
        parts: train, validation and test.
    """

    def __init__(self, parts: dict[str, Part]):
        self._parts = parts
        self._layout = make_layout(declared())

    def size(self, method: str) -> dict[str, int]:
        """Returns the `width` that brings a method nearest the budget, and its `parameters`.

        Every method's parameters are affine in the width of its first layers.
        """
        few, many = (self._parameters(method, width) for width in (8, 16))
        width = round(8 + (BUDGET - few) * 8 / (many - few))
        return {"width": width, "parameters": self._parameters(method, width)}

    def _parameters(self, method: str, width: int) -> int:
        config = model_config(method, width, settings(1)[0])
        model = RankingModel(self._layout, GROUPS["group_1"].heads, config)
        tables = {table.ref() for table in model.tables}
        return sum(
            int(np.prod(variable.shape))
            for variable in model.trainable_variables
            if variable.ref() not in tables
        )

    def learn(self, run: Run, setting: Setting, width: int) -> dict[str, Any]:
        """Trains one model; returns its AUC by part and head, and the seconds it took.

        A run that tunes is judged on the validation part alone.
        """
        begin = time.perf_counter()
        heads = GROUPS[run.group].heads
        train = self._parts["train"]
        model = fit(
            self._layout,
            heads,
            model_config(run.method, width, setting),
            training_config(setting, run.seed),
            train.features,
            np.stack([train.labels[name] for name in heads], axis=1),
        )
        judged = {
            name: _aucs(model, self._parts[name])
            for name in ("validation", "test")
            if name == "validation" or not run.tunes
        }
        # Graphs of models past would pile up in a process that trains one after another.
        del model
        tf.keras.backend.clear_session()
        gc.collect()
        return {**judged, "seconds": round(time.perf_counter() - begin, 1)}


def _aucs(model: RankingModel, part: Part) -> dict[str, float]:
    found = answers(model, part.features)
    return {name: auc(guess, part.labels[name]) for name, guess in found.items()}
