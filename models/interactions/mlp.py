"""No interaction but the one that the trunk's MLPs learn."""

import tensorflow as tf

from models.config import ModelConfig
from models.embedding import Embedded
from schemas.layout import Layout


class SideBySide(tf.keras.layers.Layer):
    """Lays the vectors side by side and leaves their crossing to the MLPs above.

    A layer of its own here would be shared by all heads: ESMM shares the embedding alone.
    """

    def __init__(self, layout: Layout, config: ModelConfig):
        super().__init__()

    def call(self, embedded: Embedded) -> tf.Tensor:
        """Returns [B, D]."""
        return embedded.flat()
