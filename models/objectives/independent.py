"""Every head learnt by itself over all impressions: multi-label classification."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import cross_entropy
from models.objectives.objective import Objective
from models.targets import Targets


class Independent(Objective):
    """Cross-entropy of each head's label, whatever the other labels are.

    Caruana, "Multitask Learning", Machine Learning 1997 (https://doi.org/10.1023/A:1007379606734).
    """

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns a term per head."""
        return {
            name: cross_entropy(
                [logits[name]], targets.labels[name], weight=targets.weights.get(name)
            )
            for name in self.rates
        }
