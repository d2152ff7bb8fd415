"""What every trunk is: from the heads' inputs to the heads' representations."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


class Trunk(tf.keras.layers.Layer):
    """How the heads share representation; penalties go to `add_loss`.

    Args:
        num_heads: how many representations are asked for, H.
        units: hidden layers, of each expert or of each MLP; the last is U.
        options: of the method, from `models.options`.
    """

    def __init__(self, num_heads: int, units: tuple[int, ...], options: Any):
        super().__init__()
        self.num_heads = num_heads
        self.units = units
        self.options = options

    def call(self, xs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns [B, U] per head.

        Args:
            xs: [B, D] per head; the same tensor for all of them where embeddings are shared.
        """
        raise NotImplementedError

    def shared_kernels(self) -> list[tf.Variable]:
        """Returns the last kernels that several heads train, dense; none if nothing is shared."""
        return []

    def gates(self, xs: Sequence[tf.Tensor]) -> tf.Tensor | None:
        """Returns the weight of each expert for each head, [B, H, E], summing to 1 over E.

        None where there are no gates. An expert that a head cannot reach weighs 0.
        """
        return None

    def experts(self, xs: Sequence[tf.Tensor]) -> tf.Tensor | None:
        """Returns what the experts of those gates make of the inputs, [E, B, U]; None likewise."""
        return None
