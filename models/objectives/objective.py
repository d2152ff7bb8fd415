"""What every objective is: from logits and labels to named loss terms, and to probabilities."""

from collections.abc import Mapping

import tensorflow as tf

from models import probabilities
from models.config import ModelConfig
from schemas.heads import Heads


class Objective:
    """Loss terms of a forest of heads. It holds no state and no variables.

    Args:
        heads: the rates to learn.
        config: of the model.
    """

    def __init__(self, heads: Heads, config: ModelConfig):
        self.heads = heads
        self.config = config

    def towers(self) -> tuple[str, ...]:
        """Returns the names of the towers whose logits it needs: by default one per head."""
        return tuple(self.heads)

    def terms(
        self, logits: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Returns the loss terms.

        Args:
            logits: [B] by tower.
            labels: [B] float in {0, 1} by event; NaN where it is not known.

        Returns:
            Scalars by the name of the probability they teach: nats per row of its population,
            0 if the batch has no such row.
        """
        raise NotImplementedError

    def probabilities(self, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns every output of the heads, [B]: by default the joints of the heads' logits."""
        return probabilities.probabilities(logits, self.heads)
