"""A model that is trained many times over: its graph is traced once."""

import time
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.correlated.plan import BATCH_SIZE, HELD_OUT, POINTS, STEPS, TOWER, TRUNKS
from benchmarks.correlated.tasks import WIDTH, Tasks
from models.config import ModelConfig
from models.ranking_model import RankingModel
from schemas.features import Numeric
from schemas.heads import Head
from schemas.layout import make_layout

LAYOUT = make_layout({f"x{i}": Numeric(kind="numeric", side="context") for i in range(WIDTH)})
HEADS = {name: Head(label=name, kind="value") for name in ("first", "second")}


class Learner:
    """One of the models, with Adam at a constant rate.

    Args:
        name: of the model, one of `plan.TRUNKS`.
    """

    def __init__(self, name: str):
        self._config = ModelConfig(**TRUNKS[name], tower=TOWER, objective="independent")
        self._stride = STEPS // POINTS
        self._model = RankingModel(LAYOUT, HEADS, self._config)
        self._optimizer = tf.keras.optimizers.legacy.Adam(1e-3)
        self._model.compile(optimizer=self._optimizer)
        self._train = tf.function(self._train_eagerly)
        self._evaluate = tf.function(self._evaluate_eagerly)

    def run(self, tasks: Tasks, rate: float, seed: int) -> dict[str, Any]:
        """Returns the losses of a model trained from scratch, and the seconds it took.

        A loss is the mean squared error on rows held out, in units of the label's variance:
        `curve` has the mean of both tasks by step, `final` that of each task at the end.

        Args:
            tasks: to learn.
            rate: of Adam.
            seed: of the weights.
        """
        fresh = RankingModel(LAYOUT, HEADS, self._config, seed=seed)
        for variable, start in zip(self._model.variables, fresh.variables, strict=True):
            variable.assign(start)
        for variable in self._optimizer.variables():
            variable.assign(tf.zeros_like(variable))
        self._optimizer.learning_rate = rate
        began = time.perf_counter()
        losses = [self._evaluate(tasks).numpy()]
        for point in range(POINTS):
            self._train(tasks, tf.constant(point * self._stride))
            losses.append(self._evaluate(tasks).numpy())
        return {
            "final": losses[-1].round(6).tolist(),
            "curve": np.mean(losses, axis=1).round(6).tolist(),
            "seconds": round(time.perf_counter() - began, 1),
        }

    def _train_eagerly(self, tasks: Tasks, first: tf.Tensor) -> None:
        for step in tf.range(first, first + self._stride):
            x, labels = tasks.batch(step, BATCH_SIZE)
            self._model.train_step(({LAYOUT.dense_name(): x}, labels))

    def _evaluate_eagerly(self, tasks: Tasks) -> tf.Tensor:
        x, labels = tasks.batch(tf.constant(-1), HELD_OUT)  # training counts from 0
        return tf.stack(list(self._model.terms(({LAYOUT.dense_name(): x}, labels)).values()))
