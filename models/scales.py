"""The scale of heads that are values: learnt from labels, so that no tower has to grow to it."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf


class Scales(tf.Module):
    """Mean and deviation of each value's label, 0 and 1 until they are set.

    Args:
        names: of the heads of kind `value`.
    """

    def __init__(self, names: Sequence[str]):
        super().__init__(name="scales")
        self.means = {name: tf.Variable(0.0, trainable=False) for name in names}
        self.deviations = {name: tf.Variable(1.0, trainable=False) for name in names}

    @property
    def names(self) -> tuple[str, ...]:
        """The heads that have a scale."""
        return tuple(self.means)

    def fit(self, found: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Sets the scale of each head from its labels, given in parts; none leave it as it is."""
        for name, parts in found.items():
            values = np.concatenate(parts).astype(np.float64)
            if len(values):
                self.set(name, float(values.mean()), float(values.std()))

    def set(self, name: str, mean: float, deviation: float) -> None:
        """Sets the scale of one head; a label that never varies keeps the deviation 1."""
        self.means[name].assign(mean)
        self.deviations[name].assign(deviation if deviation > 0 else 1.0)

    def standardise(self, labels: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the labels of all heads, [B] each, those of values as (y - mean) / deviation."""
        return {
            name: (label - self.means[name]) / self.deviations[name]
            if name in self.means
            else label
            for name, label in labels.items()
        }

    def restore(self, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the logits of all heads, [B] each, those of values in their label's unit."""
        return {
            name: logit * self.deviations[name] + self.means[name] if name in self.means else logit
            for name, logit in logits.items()
        }
