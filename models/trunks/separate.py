"""Nothing shared above the embedding."""

import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.config import ModelConfig


class Separate(tf.keras.layers.Layer):
    """One MLP per head, as in ESMM (Ma et al., SIGIR 2018, https://arxiv.org/abs/1804.07931)."""

    def __init__(self, num_heads: int, config: ModelConfig):
        super().__init__()
        self.mlps = [
            tfrs.layers.blocks.MLP(list(config.units), final_activation="relu")
            for _ in range(num_heads)
        ]

    def call(self, x: tf.Tensor) -> list[tf.Tensor]:
        """Returns [B, U] per head, of x [B, D]."""
        return [mlp(x) for mlp in self.mlps]
