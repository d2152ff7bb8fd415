"""Labels taken some time after the click, and late conversions once more: ES-DFM."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.delayed_feedback import DelayedFeedback
from models.targets import Targets


class EsDfm(DelayedFeedback):
    """A row is taken `elapsed` after the click; a later conversion comes as one more positive.

    Rows younger than that do not count. With x the logit of a delayed head, f = sigmoid(x), d the
    rate of its tower `_delayed` and n that of `_negative`, a row [B] adds, in nats,

        as a positive  (1 + d) softplus(-x)
        as a negative  (1 + d) n softplus(x)

    Both helpers learn from mature rows by plain cross-entropy, in terms of their own, and no
    gradient passes through a weight: d is the chance of a conversion later than `elapsed`, and n
    that of none at all where none came by then. The stream has p / (1 + d) positives where p is
    the rate, and there the expected gradient vanishes at f = p. A conversion that has not come by
    the cut-off is missing nevertheless: without `stream`, f is too low by about its share.

    Yang et al., "Capturing Delayed Feedback in Conversion Rate Prediction via Elapsed-Time
    Sampling", AAAI 2021 (https://arxiv.org/abs/2012.03245).
    """

    helpers = ("delayed", "negative")

    def delayed_terms(
        self, name: str, logits: Mapping[str, tf.Tensor], targets: Targets
    ) -> dict[str, tf.Tensor]:
        """Returns the term of a delayed head, nats per row of the stream, and of its helpers."""
        told = self.told(name, targets, self.options.elapsed)
        logit, delayed, real = (logits[tower] for tower in (name, *self.helpers_of(name)))
        positive = (told.taken & told.early) | (told.arrived & told.late)
        negative = told.taken & tf.logical_not(told.early)
        again, weight = (tf.stop_gradient(tf.sigmoid(helper)) for helper in (delayed, real))
        losses = (1 + again) * (
            tf.cast(positive, logit.dtype) * tf.nn.softplus(-logit)
            + tf.cast(negative, logit.dtype) * weight * tf.nn.softplus(logit)
        )
        waited = told.mature & tf.logical_not(told.early)
        return {
            name: self.mean(name, losses, positive | negative, targets),
            f"{name}_delayed": self.learn(name, delayed, told.late, targets, told.mature),
            f"{name}_negative": self.learn(name, real, tf.logical_not(told.late), targets, waited),
        }
