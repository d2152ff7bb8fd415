"""Adagrad on the embedding tables, Adam on the rest."""

import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.config import TrainingConfig
from models.ranking_model import RankingModel


def make_optimizer(
    model: RankingModel, config: TrainingConfig, steps: int | None = None
) -> tfrs.experimental.optimizers.CompositeOptimizer:
    """Returns the optimizer of `model`.

    Adagrad touches only the rows of a batch, and slows down each row by how often it was seen. The
    sum of squares that it starts from decides how much a row that is seen a few times moves at
    all: gradients are means over the batch, so Keras's own 0.1 nearly freezes every table.

    Args:
        model: with all its weights made.
        config: learning rates, and where Adagrad's sum of squares starts.
        steps: of the whole run, over which both learning rates fall linearly to zero, so that the
            model does not end on the noise of its last batches; constant rates if None.
    """
    legacy = tf.keras.optimizers.legacy  # applies sparse gradients more than twice as fast
    tables = {table.ref() for table in model.tables}
    return tfrs.experimental.optimizers.CompositeOptimizer(
        [
            (
                legacy.Adagrad(
                    _falling(config.embedding_learning_rate, steps),
                    initial_accumulator_value=config.embedding_accumulator,
                ),
                lambda: model.tables,
            ),
            (
                legacy.Adam(_falling(config.learning_rate, steps)),
                lambda: [v for v in model.trainable_variables if v.ref() not in tables],
            ),
        ]
    )


def _falling(
    rate: float, steps: int | None
) -> float | tf.keras.optimizers.schedules.LearningRateSchedule:
    if steps is None:
        return rate
    return tf.keras.optimizers.schedules.PolynomialDecay(rate, steps, end_learning_rate=0.0)
