"""Clicked impressions weighed by how unlikely their click was."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import cross_entropy
from models.objectives.objective import Objective
from models.objectives.propensity import propensity
from models.targets import Targets
from schemas.heads import path


class Unbias(Objective):
    """BASE in which a clicked impression weighs 1 / pCTR, so that clicks stand for all impressions.

    With p = max(pCTR, floor), not trained by this loss, and d the cross-entropy of a head with a
    parent, its term is sum_clicked d / p over sum_clicked 1 / p, nats per row [B]. The weights
    normalise themselves, unlike those of `inverse_propensity`: a biased mean of less variance. For
    a longer path p is the product of its rates.

    UNBIAS of Ma et al., "Entire Space Multi-Task Model", SIGIR 2018
    (https://arxiv.org/abs/1804.07931), after Zhang et al., "Bid-aware Gradient Descent for Unbiased
    Learning with Censored Data in Display Advertising", KDD 2016
    (https://doi.org/10.1145/2939672.2939713).
    """

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns a term per head."""
        terms = {}
        for name, head in self.rates.items():
            weight = targets.weights.get(name)
            if head.given is not None:
                parents = path(self.heads, name)[:-1]
                inverse = 1 / propensity(logits, parents, self.options.floor)
                weight = inverse if weight is None else inverse * weight
            terms[name] = cross_entropy(
                [logits[name]], targets.labels[name], self.population(name, targets), weight
            )
        return terms
