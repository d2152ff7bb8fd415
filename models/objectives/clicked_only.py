"""Every head learnt where its parent's event happened: the usual baseline."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import cross_entropy
from models.objectives.objective import Objective
from models.targets import Targets


class ClickedOnly(Objective):
    """Cross-entropy of each head over its own population: cvr over clicked impressions.

    BASE of Ma et al., "Entire Space Multi-Task Model", SIGIR 2018
    (https://arxiv.org/abs/1804.07931).
    """

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns a term per head."""
        return {
            name: cross_entropy(
                [logits[name]],
                targets.labels[name],
                self.population(name, targets),
                targets.weights.get(name),
            )
            for name in self.rates
        }
