"""Adagrad on the embedding tables, Adam on the rest."""

import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.config import TrainingConfig
from models.ranking_model import RankingModel


def make_optimizer(
    model: RankingModel, config: TrainingConfig
) -> tfrs.experimental.optimizers.CompositeOptimizer:
    """Returns the optimizer of `model`.

    Adagrad touches only the rows of a batch, and slows down each row by how often it was seen.
    Its sum of squares starts near zero: gradients are means over thousands of examples, so the
    usual start of 0.1 would outweigh them for good and the tables would hardly move: after an epoch
    of KuaiRand-Pure at 4096 a step, AUC of clicks on the next two days was 0.66 with it, 0.72
    without.
    """
    legacy = tf.keras.optimizers.legacy  # applies sparse gradients more than twice as fast
    tables = {table.ref() for table in model.embedding.trainable_variables}
    return tfrs.experimental.optimizers.CompositeOptimizer(
        [
            (
                legacy.Adagrad(config.embedding_learning_rate, initial_accumulator_value=1e-8),
                lambda: model.embedding.trainable_variables,
            ),
            (
                legacy.Adam(config.learning_rate),
                lambda: [v for v in model.trainable_variables if v.ref() not in tables],
            ),
        ]
    )
