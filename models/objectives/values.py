"""The loss of a head that is no rate: the mean of a number, or of a duration."""

from typing import Literal

import tensorflow as tf

from models.objectives.cross_entropy import weighted_mean


def value_term(
    kind: Literal["value", "watch_time"],
    logit: tf.Tensor,
    label: tf.Tensor,
    population: tf.Tensor | None,
    weight: tf.Tensor | None,
) -> tf.Tensor:
    """Returns the loss of one such head.

    `value` is least squares, (y - x)^2, of a label that the model has standardised.

    `watch_time` is the weighted logistic regression of Covington et al., "Deep Neural Networks
    for YouTube Recommendations", RecSys 2016 (https://doi.org/10.1145/2959100.2959190): with
    label T, T softplus(-x) + softplus(x), and e^x is served. There a watched row is a positive of
    weight T and an unwatched one a negative of weight 1, so that e^x is E[T] / (1 - P(T > 0));
    here a watched row is a negative of weight 1 as well, so that e^x is E[T], in the label's unit.

    Args:
        kind: of the head.
        logit: x, [B].
        label: [B], NaN where it is not known.
        population: bool [B], the rows that count; None is all.
        weight: [B], how much a row counts; None is 1.

    Returns:
        Scalar, the weighted mean over the rows that count; 0 if none does.
    """
    # An unknown label would make the gradient NaN, even of a row that does not count.
    known = tf.where(tf.math.is_nan(label), tf.zeros_like(label), label)
    if kind == "value":
        losses = tf.square(known - logit)
    else:
        losses = known * tf.nn.softplus(-logit) + tf.nn.softplus(logit)
    return weighted_mean(losses, label, population, weight)
