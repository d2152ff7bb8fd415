"""Every head learnt by itself over all impressions: multi-label classification."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import cross_entropy
from models.objectives.objective import Objective


class Independent(Objective):
    """Cross-entropy of each head's label, whatever the other labels are."""

    def terms(
        self, logits: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Returns a term per head."""
        return {
            name: cross_entropy([logits[name]], labels[head.label])
            for name, head in self.heads.items()
        }
