"""What every objective is: from logits and targets to loss terms, and to the heads' logits."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from models.objectives.cross_entropy import joint_event
from models.objectives.values import value_term
from models.probabilities import mixture
from models.targets import Targets
from schemas.heads import Heads, otherwise, path, towers


class Objective:
    """Loss terms of a forest of heads. It holds no state and no variables.

    A method overrides `rate_terms`; heads that are no rates have the same terms under all of them.

    Args:
        heads: what is learnt.
        options: of the method, from `models.options`.
    """

    def __init__(self, heads: Heads, options: Any):
        self.heads = heads
        self.options = options
        self.rates = {name: head for name, head in heads.items() if head.kind == "rate"}

    def towers(self) -> tuple[str, ...]:
        """Returns the names of the towers whose logits it needs: by default those of the heads."""
        return towers(self.heads)

    def exposed(self) -> tuple[str, ...]:
        """Returns the towers that a position acts on: by default those of heads without a parent.

        Where an impression was shown decides whether it is seen; what follows is past that.
        """
        return tuple(name for name, head in self.rates.items() if head.given is None)

    def terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns the loss terms of a batch.

        Args:
            logits: [B] float32 by tower.
            targets: what the rows teach.

        Returns:
            Scalars by the name of what they teach, nats per row of its population (weights
            count as so many rows); exactly 0 if the batch has no such row.
        """
        terms = self.rate_terms(self._mixed(logits), targets)
        for name, head in self.heads.items():
            if head.kind != "rate":
                terms[name] = value_term(
                    head.kind,
                    logits[name],
                    targets.labels[name],
                    self.population(name, targets),
                    targets.weights.get(name),
                )
        return terms

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns the terms of the heads that are rates, as `terms` does.

        Args:
            logits: [B] by tower, where two towers of a head that leads through another are one.
            targets: what the rows teach.
        """
        raise NotImplementedError

    def head_logits(self, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the logit of each head's own rate, [B], of the towers' logits."""
        mixed = self._mixed(logits)
        return {name: mixed[name] for name in self.heads}

    def population(self, name: str, targets: Targets) -> tf.Tensor | None:
        """Returns in which rows the events of a head's parents happened, bool [B]; None is all."""
        parents = path(self.heads, name)[:-1]
        if not parents:
            return None
        return tf.equal(joint_event(targets.labels, parents), 1)

    def _mixed(self, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the logits with P(through) P(e | through) + P(not through) P(e | not through)."""
        mixed = dict(logits)
        for name, head in self.heads.items():
            if head.through is not None and otherwise(name) in mixed:
                apart = mixed.pop(otherwise(name))
                mixed[name] = mixture(mixed[head.through], mixed[name], apart)
        return mixed
