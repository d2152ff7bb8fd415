"""Weights that somebody chose."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from models.balances.balance import Balance


class Fixed(Balance):
    """The sum of the terms, each times its entry in `weights`, or 1."""

    def build(self, input_shape: Mapping[str, tf.TensorShape]) -> None:
        """Checks the weights against the terms.

        Raises:
            ValueError: if a weight names no term.
        """
        for name in self.options.weights:
            if name not in input_shape:
                raise ValueError(
                    f"`weights` names {name!r}, but the objective has the loss terms "
                    f"{', '.join(input_shape)}"
                )
        super().build(input_shape)

    def call(self, terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns the weighted sum."""
        return tf.add_n(
            [self.options.weights.get(name, 1.0) * term for name, term in terms.items()]
        )

    def current_weights(self, terms: Sequence[str]) -> dict[str, tf.Tensor]:
        """Returns the weights as they were chosen."""
        return {name: tf.constant(self.options.weights.get(name, 1.0)) for name in terms}
