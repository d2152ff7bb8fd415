"""Labels taken some time after the click, and all of them once more when they are sure: DEFER."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.delayed_feedback import DelayedFeedback
from models.targets import Targets


class Defer(DelayedFeedback):
    """A row is taken `elapsed` after the click, and again with its true label once that is known.

    That is when a conversion comes that was later, or when the label is mature; rows younger than
    `elapsed` do not count. With x the logit of a delayed head, f = sigmoid(x) and d the rate of its
    tower `_delayed`, a row [B] adds each time, in nats,

        as a positive  f / (f - d / 2) softplus(-x) / 2
        as a negative  (1 - f) / (1 - f + d / 2) softplus(x) / 2

    without a gradient through the weights. d, the chance of a conversion later than `elapsed`,
    is learnt from mature rows by plain cross-entropy, in a term of its own. It cannot be above f
    and counts as f where it is, so that a positive weighs from 1 to 2 and a negative up to 1.

    A row has two samples, of which p - d / 2 are positives where p is the rate, and there the
    expected gradient vanishes at f = p. A second sample that has not come by the cut-off is missing
    nevertheless; with `stream` none is, if no row is older than `stream` and the conversion window.

    Gu et al., "Real Negatives Matter: Continuous Training with Real Negatives for Delayed Feedback
    Modeling", KDD 2021 (https://arxiv.org/abs/2104.14121).
    """

    helpers = ("delayed",)

    def delayed_terms(
        self, name: str, logits: Mapping[str, tf.Tensor], targets: Targets
    ) -> dict[str, tf.Tensor]:
        """Returns the term of a delayed head, nats per row of the stream, and of its helper."""
        told = self.told(name, targets, self.options.elapsed)
        logit, delayed = (logits[tower] for tower in (name, *self.helpers_of(name)))
        positives = [told.taken & told.early, told.mature & told.early, told.arrived & told.late]
        never = tf.logical_not(told.early | told.late)
        negatives = [told.taken & tf.logical_not(told.early), told.mature & never]
        positive, negative = map(tf.stop_gradient, _weights(logit, delayed))
        losses = 0.5 * (
            positive * _count(positives) * tf.nn.softplus(-logit)
            + negative * _count(negatives) * tf.nn.softplus(logit)
        )
        brought = tf.reduce_any([*positives, *negatives], axis=0)
        return {
            name: self.mean(name, losses, brought, targets),
            f"{name}_delayed": self.learn(name, delayed, told.late, targets, told.mature),
        }


def _weights(logit: tf.Tensor, delayed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns what positives and negatives weigh, [B] each."""
    rate, rest = tf.sigmoid(logit), tf.sigmoid(-logit)
    later = tf.minimum(tf.sigmoid(delayed), rate)
    positive = 1 / (1 - tf.math.divide_no_nan(later, rate) / 2)
    return positive, tf.math.divide_no_nan(rest, rest + later / 2)


def _count(those: list[tf.Tensor]) -> tf.Tensor:
    return tf.add_n([tf.cast(samples, tf.float32) for samples in those])
