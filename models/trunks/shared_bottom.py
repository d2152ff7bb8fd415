"""Everything shared below the towers."""

from collections.abc import Sequence

import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.options import SharedBottom as Options
from models.trunks.trunk import Trunk


class SharedBottom(Trunk):
    """One MLP for all heads.

    Caruana, "Multitask Learning", Machine Learning 1997 (https://doi.org/10.1023/A:1007379606734).
    """

    def __init__(self, num_heads: int, units: tuple[int, ...], options: Options):
        super().__init__(num_heads, units, options)
        self.mlp = tfrs.layers.blocks.MLP(list(units), final_activation="relu")

    def call(self, xs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the same [B, U] for every head, of the one x [B, D]."""
        return [self.mlp(xs[0])] * self.num_heads

    def shared_kernels(self) -> list[tf.Variable]:
        """Returns the kernel of the last layer."""
        return [v for v in self.mlp.trainable_variables if "kernel" in v.name][-1:]
