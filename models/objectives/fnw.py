"""Conversions that were first taken for negatives, weighed so that these cancel: FNW."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.delayed_feedback import DelayedFeedback
from models.targets import Targets


class Fnw(DelayedFeedback):
    """Each click is a negative at once and each conversion a positive later, weighed to cancel.

    With x the logit of a delayed head, f = sigmoid(x), and no gradient through the weights, a row
    [B] adds, in nats,

        as a conversion  (1 + f) softplus(-x)
        as a click       (1 + f) (1 - f) softplus(x)

    A stream in which every click is first a negative has p / (1 + p) positives where p is the
    rate, and there the expected gradient vanishes at f = p. A conversion that has not come by the
    cut-off is missing nevertheless: without `stream`, f is the share that had come.

    Fake negative weighted loss of Ktena et al., "Addressing Delayed Feedback for Continuous
    Training with Neural Networks in CTR prediction", RecSys 2019
    (https://arxiv.org/abs/1907.06558).
    """

    def delayed_terms(
        self, name: str, logits: Mapping[str, tf.Tensor], targets: Targets
    ) -> dict[str, tf.Tensor]:
        """Returns the term of a delayed head, nats per row that the stream brought."""
        told = self.told(name, targets, elapsed=0)
        logit = logits[name]
        positive, negative = (tf.cast(those, logit.dtype) for those in (told.arrived, told.taken))
        rate = tf.stop_gradient(tf.sigmoid(logit))
        losses = (1 + rate) * (
            positive * tf.nn.softplus(-logit) + negative * (1 - rate) * tf.nn.softplus(logit)
        )
        return {name: self.mean(name, losses, told.taken | told.arrived, targets)}
