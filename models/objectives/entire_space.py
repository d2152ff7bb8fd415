"""Every probability learnt over all impressions: ESMM."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import cross_entropy, joint_event
from models.objectives.objective import Objective
from models.targets import Targets
from schemas.heads import outputs


class EntireSpace(Objective):
    """Cross-entropy of each root's event and of each joint event, over all impressions.

    Ma et al., "Entire Space Multi-Task Model", SIGIR 2018 (https://arxiv.org/abs/1804.07931).
    A head with a parent, such as cvr, has no loss of its own: it is learnt as a factor of its
    joint, ctcvr, so that impressions without a click teach it as well.
    """

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns a term per probability over all impressions: ctr and ctcvr."""
        return {
            output.name: cross_entropy(
                [logits[head] for head in output.heads],
                joint_event(targets.labels, output.heads),
                weight=targets.weights.get(output.heads[-1]),
            )
            for output in outputs(self.rates)
            if output.population is None
        }
