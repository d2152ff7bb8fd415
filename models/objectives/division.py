"""ctr and ctcvr learnt apart, and cvr their quotient."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import cross_entropy, joint_event
from models.objectives.objective import Objective
from models.targets import Targets
from schemas.heads import Output, outputs, path

# log of the greatest rate, 1 - 2^-23: the nearest to 0 at which 1 - p is not lost in float32.
_GREATEST = -(2.0**-23)


class Division(Objective):
    """A tower for each probability over all impressions; cvr is ctcvr / ctr, at most 1.

    Each tower, ctr and ctcvr, learns by cross-entropy over all impressions, in nats per row [B].
    Nothing keeps ctcvr below ctr while learning: where it is above, the quotient is cut to 1, so
    that answers still have ctcvr = ctr cvr <= ctr. Small ctr make wild quotients.

    DIVISION of Ma et al., "Entire Space Multi-Task Model", SIGIR 2018
    (https://arxiv.org/abs/1804.07931).
    """

    def towers(self) -> tuple[str, ...]:
        """Returns the probabilities over all impressions, and the heads that are no rates."""
        rates = [output.name for output in self._joints().values()]
        return (*rates, *(name for name in self.heads if name not in self.rates))

    def exposed(self) -> tuple[str, ...]:
        """Returns the towers of all probabilities: each is over all that was shown."""
        return tuple(output.name for output in self._joints().values())

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns a term per probability over all impressions: ctr and ctcvr."""
        return {
            output.name: cross_entropy(
                [logits[output.name]],
                joint_event(targets.labels, output.heads),
                weight=targets.weights.get(head),
            )
            for head, output in self._joints().items()
        }

    def head_logits(self, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the logit of each head's own rate, [B]: of cvr that of min(ctcvr / ctr, 1)."""
        joints, found = self._joints(), {}
        log_joint: dict[str, tf.Tensor] = {}  # of what is answered: never above the parent's
        for name in sorted(self.rates, key=lambda head: len(path(self.heads, head))):
            tower, parent = logits[joints[name].name], self.heads[name].given
            log_joint[name] = tf.math.log_sigmoid(tower)
            if parent is None:
                found[name] = tower
                continue
            log_rate = tf.minimum(log_joint[name] - log_joint[parent], _GREATEST)
            log_joint[name] = log_joint[parent] + log_rate
            found[name] = log_rate - tf.math.log(-tf.math.expm1(log_rate))
        return {name: found[name] if name in found else logits[name] for name in self.heads}

    def _joints(self) -> dict[str, Output]:
        """Returns the probability over all impressions that each head ends."""
        return {
            output.heads[-1]: output for output in outputs(self.rates) if output.population is None
        }
