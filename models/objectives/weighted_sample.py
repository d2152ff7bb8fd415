"""One tower for all heads, in which deeper events weigh more: the one-task baseline."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import cross_entropy, joint_event
from models.objectives.objective import Objective
from models.targets import Targets
from schemas.heads import path

_EVENT = "event"


class WeightedSample(Objective):
    """One tower that tells rows with an event from those without, where a conversion weighs more.

    The term is sum w d / sum w: d is the cross-entropy, in nats, of "some event happened" over the
    rows [B]. A row without an event weighs 1, one whose deepest event is a root's (click) weighs
    `click`, one with a deeper event `conversion`; with `copies` a row is there once for each of its
    events, so that a converted one weighs `click` + `conversion`. The sample weight is that of the
    head whose event it is; that of the first root where nothing happened.

    Every head answers this one logit: a score to rank by, and the rate of no event. A baseline
    without a paper, from before shops learnt several tasks.
    """

    def towers(self) -> tuple[str, ...]:
        """Returns the one tower, and those of heads that are no rates."""
        return (_EVENT, *(name for name in self.heads if name not in self.rates))

    def exposed(self) -> tuple[str, ...]:
        """Returns the one tower: what it tells apart begins with a click."""
        return (_EVENT,)

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns the one term."""
        paths = {name: path(self.heads, name) for name in self.rates}
        by_depth = sorted(paths, key=lambda name: len(paths[name]))
        sample = {name: _sample_weight(name, targets) for name in by_depth}
        event = copies = tf.zeros_like(sample[by_depth[0]])
        deepest = tf.ones_like(event)
        for name in by_depth:
            joint = joint_event(targets.labels, paths[name])
            root = len(paths[name]) == 1
            worth = (self.options.click if root else self.options.conversion) * sample[name]
            happened = tf.equal(joint, 1)
            deepest = tf.where(happened, worth, deepest)
            copies += tf.where(happened, worth, 0.0)
            if root:
                # One event is enough; where none is known to have happened, unknown stays so.
                event = tf.where(happened | tf.equal(event, 1), 1.0, event + joint)
        positive = copies if self.options.copies else deepest
        weight = tf.where(tf.equal(event, 1), positive, sample[by_depth[0]])
        return {_EVENT: cross_entropy([logits[_EVENT]], event, weight=weight)}

    def head_logits(self, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the one logit for every rate, [B]: a score, not calibrated."""
        return {name: logits[_EVENT if name in self.rates else name] for name in self.heads}


def _sample_weight(name: str, targets: Targets) -> tf.Tensor:
    if name not in targets.weights:
        return tf.ones_like(targets.labels[name])
    weight = targets.weights[name]
    return tf.where(tf.math.is_nan(weight), tf.zeros_like(weight), weight)
