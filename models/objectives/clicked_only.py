"""Every head learnt where its parent's event happened: the usual baseline."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import cross_entropy, joint_event
from models.objectives.objective import Objective
from schemas.heads import path


class ClickedOnly(Objective):
    """Cross-entropy of each head over its own population: cvr over clicked impressions.

    BASE of Ma et al., "Entire Space Multi-Task Model", SIGIR 2018
    (https://arxiv.org/abs/1804.07931).
    """

    def terms(
        self, logits: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Returns a term per head."""
        terms = {}
        for name, head in self.heads.items():
            parents = path(self.heads, name)[:-1]
            population = tf.equal(joint_event(labels, self.heads, parents), 1) if parents else None
            terms[name] = cross_entropy([logits[name]], labels[head.label], population)
        return terms
