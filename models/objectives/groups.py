"""Arithmetic within the groups of a batch: the rows of one request, or of one user."""

import tensorflow as tf

NO_GROUP = -1


def members(
    groups: tf.Tensor | None,
    label: tf.Tensor,
    population: tf.Tensor | None = None,
    weight: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns which group each row takes part in, and how much it counts there.

    A row takes part if it has a group, its label is known, it is of the population and its weight
    is positive.

    Args:
        groups: int64 [B], negative for none; None if no row has one.
        label: [B], NaN where it is not known.
        population: bool [B]; None is all rows.
        weight: [B], NaN counts as 0; None is 1.

    Returns:
        int32 [B], numbers of groups from 0 to B - 1, `NO_GROUP` where a row takes no part; and
        [B] in the label's type, the weights, 0 where a row takes no part.
    """
    weights = tf.ones_like(label) if weight is None else weight
    counts = tf.logical_not(tf.math.is_nan(label)) & (weights > 0)  # NaN is not
    if population is not None:
        counts &= population
    if groups is None:
        counts &= False
        numbers = tf.zeros_like(label, tf.int32)
    else:
        counts &= groups >= 0
        numbers = tf.unique(groups).idx
    return tf.where(counts, numbers, NO_GROUP), tf.where(counts, weights, tf.zeros_like(weights))


def log_shares(values: tf.Tensor, segments: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Returns log [w_i e^{v_i} / sum of w_j e^{v_j} over the rows j of i's group], [B].

    A weight is so many rows: the share is that of all copies of row i. The greatest value of a
    group is taken out first, so that nothing overflows.

    Args:
        values: v, [B].
        segments: int32 [B], the group of each row, as `members` numbers them.
        weights: w, [B], positive in the rows that take part.

    Returns:
        [B], at most 0; 0 where a row takes no part.
    """
    inside = segments >= 0
    own = tf.maximum(segments, 0)
    rows = tf.size(segments)
    weighed = tf.where(inside, values + tf.math.log(tf.where(inside, weights, 1.0)), 0.0)
    greatest = tf.math.unsorted_segment_max(tf.stop_gradient(weighed), segments, rows)
    below = tf.where(inside, weighed - tf.gather(greatest, own), 0.0)
    total = tf.math.unsorted_segment_sum(tf.exp(below), segments, rows)
    return tf.where(inside, below - tf.math.log(tf.where(inside, tf.gather(total, own), 1.0)), 0.0)
