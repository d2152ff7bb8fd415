"""The epochs of a run: from a model and its data to a trained model."""

import logging
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from models import progress
from models.checkpoints import Checkpoints
from models.config import TrainingConfig
from models.inputs import batched, in_order
from models.optimizers import make_optimizer
from models.ranking_model import Batch, RankingModel
from models.spec import ModelSpec
from models.training_data import TrainingData

_RECORDS_A_RUN = 100


def fit(
    model: RankingModel,
    spec: ModelSpec,
    data: TrainingData,
    evaluation: list[str],
    checkpoint_dir: str,
    log_dir: str,
) -> list[dict[str, Any]]:
    """Trains `model` for the spec's epochs, going on from the last checkpoint if there is one.

    Args:
        model: to train.
        spec: that made it.
        data: the training split.
        evaluation: files whose loss is logged after each epoch.
        checkpoint_dir: where this run's checkpoints lie.
        log_dir: for TensorBoard.

    Returns:
        Loss, terms and weights of the terms, some hundred times a run; of this attempt.

    Raises:
        ValueError: if there are no examples.
    """
    if data.examples == 0:
        raise ValueError("the training split holds no examples: is the first span empty?")
    training = spec.training
    first = training.pretrain.epochs if training.pretrain else 0
    epochs = first + training.epochs
    total = data.steps * epochs
    model.compile(optimizer=make_optimizer(model, training, total))
    checkpoints = Checkpoints(model, checkpoint_dir, every=training.checkpoint_every)
    done = checkpoints.restore()
    record = Record(done, max(1, total // _RECORDS_A_RUN))
    callbacks = [
        checkpoints,
        progress.Progress(done, total, training.batch_size),
        record,
        tf.keras.callbacks.TensorBoard(log_dir, update_freq=max(1, min(100, data.steps // 20))),
    ]
    started = time.monotonic()
    for epoch in range(done // data.steps, epochs):
        model.teach(_alone(training) if epoch < first else None)
        skip = done % data.steps if epoch == done // data.steps else 0
        model.fit(
            data.epoch(epoch, skip),
            initial_epoch=epoch,
            epochs=epoch + 1,
            validation_data=batched(
                in_order(evaluation), spec.layout(), len(spec.targets), training.batch_size
            ),
            callbacks=callbacks,
            verbose=0,
        )
    logging.getLogger(progress.LOGGER).info(
        "trained %d examples in %.1f s", data.examples * epochs, time.monotonic() - started
    )
    return record.found


def fit_scales(model: RankingModel, batches: Iterable[Batch]) -> None:
    """Sets the scales of `model` from the labels of some batches, each in its population."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in model.scales.names}
    for features, labels in batches:
        targets = model.targets(features, labels)
        for name, parts in found.items():
            counts = tf.logical_not(tf.math.is_nan(targets.labels[name]))
            population = model.objective.population(name, targets)
            if population is not None:
                counts &= population
            parts.append(tf.boolean_mask(targets.labels[name], counts).numpy())
    model.scales.fit(found)


def _alone(training: TrainingConfig) -> tuple[str, ...] | None:
    return training.pretrain.heads if training.pretrain else None


class Record(tf.keras.callbacks.Callback):
    """Keeps the losses and what the balance multiplies them by, over time.

    Args:
        done: steps that an earlier attempt has trained.
        every: steps between two records.
    """

    def __init__(self, done: int, every: int):
        super().__init__()
        self._step = done
        self._every = every
        self.found: list[dict[str, Any]] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Counts a step and keeps its figures if it is time to; losses are an epoch's so far."""
        self._step += 1
        if self._step % self._every:
            return
        losses = {name: round(float(value), 6) for name, value in (logs or {}).items()}
        weights = self.model.balance.current_weights(self.model.term_names)
        self.found.append(
            {
                "step": self._step,
                **losses,
                "weights": {name: round(float(weight), 6) for name, weight in weights.items()},
            }
        )
