"""Nothing shared above the embedding."""

from collections.abc import Sequence

import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.options import Separate as Options
from models.trunks.trunk import Trunk


class Separate(Trunk):
    """One MLP per head, of inputs that may be shared.

    Ma et al., "Entire Space Multi-Task Model", SIGIR 2018 (https://arxiv.org/abs/1804.07931).
    """

    def __init__(self, num_heads: int, units: tuple[int, ...], options: Options):
        super().__init__(num_heads, units, options)
        self.mlps = [
            tfrs.layers.blocks.MLP(list(units), final_activation="relu") for _ in range(num_heads)
        ]

    def call(self, xs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns [B, U] per head, of xs [B, D] per head."""
        return [mlp(x) for mlp, x in zip(self.mlps, xs, strict=True)]
