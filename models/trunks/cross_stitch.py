"""A network per head, which mix what they know after every layer."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from models.options import CrossStitch as Options
from models.trunks.experts import StackedDense, side_by_side
from models.trunks.trunk import Trunk

# How much of itself a head starts with; the others share the rest.
OWN = 0.9


class CrossStitch(Trunk):
    """A ReLU MLP per head; after every layer each head takes a learnt mixture of all heads'.

    h_k <- sum_j a_kj h_j, with a matrix A [H, H] per layer, unconstrained, that starts at 0.9 on
    the diagonal and 0.1 / (H - 1) elsewhere. The identity is `separate`.

    Misra et al., "Cross-stitch Networks for Multi-task Learning", CVPR 2016
    (https://arxiv.org/abs/1604.03539).
    """

    def __init__(self, num_heads: int, units: tuple[int, ...], options: Options):
        super().__init__(num_heads, units, options)
        self.layers = [StackedDense(num_heads, width) for width in units]

    def build(self, input_shape: Sequence[tf.TensorShape]) -> None:
        """Makes the matrices [H, H]."""
        heads = self.num_heads
        start = np.full([heads, heads], (1 - OWN) / max(heads - 1, 1))
        np.fill_diagonal(start, OWN if heads > 1 else 1.0)
        self.stitches = [
            self.add_weight(
                name=f"stitch_{i}",
                shape=start.shape,
                initializer=tf.keras.initializers.Constant(start),
            )
            for i in range(len(self.layers))
        ]
        super().build(input_shape)

    def call(self, xs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns [B, U] per head, of xs [B, D] per head."""
        hidden = side_by_side(xs)
        for layer, stitch in zip(self.layers, self.stitches, strict=True):
            hidden = tf.tensordot(stitch, layer(hidden), 1)
        return tf.unstack(hidden)

    def shared_kernels(self) -> list[tf.Variable]:
        """Returns the stacked kernel of the last layer, which the last stitch shows to all."""
        return [self.layers[-1].kernel]
