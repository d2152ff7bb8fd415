"""ESMM, and a cvr loss over clicks that stands for all impressions: ESCM2-IPS."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import weighted_mean
from models.objectives.entire_space import EntireSpace
from models.objectives.propensity import log_loss, observed, propensity
from models.targets import Targets
from schemas.heads import path


class InversePropensity(EntireSpace):
    """ESMM with a cvr loss in which a clicked impression weighs 1 / pCTR.

    Beside ESMM's terms, each head with a parent has (1 / N) sum_i o_i d_i / max(p_i, floor), nats
    per impression: o = 1 where the parents' event happened, p the product of the parents' rates, d
    the cross-entropy of the head, N the rows [B] of which o and, where o = 1, the label are known
    (a weight is so many rows). With true p its expectation is the mean of d over all impressions,
    had all been clicked. Its gradient does not reach p.

    ESCM2-IPS of Wang et al., "ESCM2: Entire Space Counterfactual Multi-Task Model for Post-Click
    Conversion Rate Estimation", SIGIR 2022 (https://arxiv.org/abs/2204.05125).
    """

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns ESMM's terms, ctr and ctcvr, and one per head with a parent: cvr."""
        terms = super().rate_terms(logits, targets)
        for name, head in self.rates.items():
            if head.given is None:
                continue
            heads = path(self.heads, name)
            reached, event = observed(targets.labels, heads)
            inverse = 1 / propensity(logits, heads[:-1], self.options.floor)
            loss = tf.where(reached, inverse * log_loss(logits[name], event), 0.0)
            terms[name] = weighted_mean(loss, event, weight=targets.weights.get(name))
        return terms
