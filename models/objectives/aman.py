"""All missing as negative: impressions without a click teach cvr that nothing was bought."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import cross_entropy
from models.objectives.objective import Objective
from models.objectives.propensity import observed
from models.targets import Targets
from schemas.heads import path


class Aman(Objective):
    """BASE with a share of the unclicked impressions among cvr's negatives.

    With o = 1 where the parent's event happened, w = o + share (1 - o) and d the cross-entropy of
    o y, the term of a head with a parent is sum w d / sum w, nats per row that counts [B]. Weighing
    all unclicked rows with `share` is what drawing that share at random does in expectation,
    without the noise of the draw. Rates come out too low: a row that was not clicked is no
    refusal to buy.

    AMAN of Ma et al., "Entire Space Multi-Task Model", SIGIR 2018
    (https://arxiv.org/abs/1804.07931), after Pan et al., "One-Class Collaborative Filtering",
    ICDM 2008 (https://doi.org/10.1109/ICDM.2008.16).
    """

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns a term per head."""
        terms = {}
        for name, head in self.rates.items():
            label, weight = targets.labels[name], targets.weights.get(name)
            if head.given is not None:
                reached, label = observed(targets.labels, path(self.heads, name))
                taken = tf.where(reached, 1.0, self.options.share)
                weight = taken if weight is None else taken * weight
            terms[name] = cross_entropy([logits[name]], label, weight=weight)
        return terms
