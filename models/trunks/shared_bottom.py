"""Everything shared below the towers."""

import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.config import ModelConfig


class SharedBottom(tf.keras.layers.Layer):
    """One MLP for all heads (Caruana, "Multitask Learning", Machine Learning 1997)."""

    def __init__(self, num_heads: int, config: ModelConfig):
        super().__init__()
        self._num_heads = num_heads
        self.mlp = tfrs.layers.blocks.MLP(list(config.units), final_activation="relu")

    def call(self, x: tf.Tensor) -> list[tf.Tensor]:
        """Returns the same [B, U] for every head, of x [B, D]."""
        return [self.mlp(x)] * self._num_heads
