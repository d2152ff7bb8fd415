"""Rare conversions taken several times."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import cross_entropy
from models.objectives.objective import Objective
from models.targets import Targets


class Oversampling(Objective):
    """BASE in which every conversion counts `copies` times.

    With w = copies where y = 1 and 1 where y = 0, the term of a head with a parent is the mean of
    the cross-entropy weighted with w over the rows [B] where the parent's event happened, nats per
    copy; heads without a parent are as in BASE. The order of rows is meant to profit. The odds that
    are learnt are `copies` times the true ones; `calibration: platt` takes that back.

    OVERSAMPLING of Ma et al., "Entire Space Multi-Task Model", SIGIR 2018
    (https://arxiv.org/abs/1804.07931), after Weiss, "Mining with Rarity", SIGKDD Explorations 2004
    (https://doi.org/10.1145/1007730.1007734).
    """

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns a term per head."""
        terms = {}
        for name, head in self.rates.items():
            label, weight = targets.labels[name], targets.weights.get(name)
            if head.given is not None:
                copies = tf.where(tf.equal(label, 1), float(self.options.copies), 1.0)
                weight = copies if weight is None else copies * weight
            terms[name] = cross_entropy(
                [logits[name]], label, self.population(name, targets), weight
            )
        return terms
