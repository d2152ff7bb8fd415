"""What every balance is: from loss terms to one loss, and to the gradients of a step."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from models.config import ModelConfig


class Balance(tf.keras.layers.Layer):
    """Makes one loss of named terms; called with the terms, scalars by name.

    What it learns are weights of this layer, made in `build` from the names of the terms: they
    are trained, and saved in checkpoints, with the model's.
    """

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config

    def call(self, terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns the loss to descend, a scalar."""
        raise NotImplementedError

    def gradients(
        self,
        tape: tf.GradientTape,
        terms: Mapping[str, tf.Tensor],
        loss: tf.Tensor,
        variables: Sequence[tf.Variable],
    ) -> list[tf.Tensor | tf.IndexedSlices | None]:
        """Returns the gradients that a training step applies: by default those of the loss.

        A method that looks at the gradients of single terms does it here.

        Args:
            tape: persistent; it recorded the terms and the loss.
            terms: scalars by name.
            loss: what `call` made of them, plus the penalties of the weights.
            variables: what the step trains.
        """
        gradients: list[tf.Tensor | tf.IndexedSlices | None] = tape.gradient(loss, variables)
        return gradients
