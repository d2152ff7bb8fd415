"""Binary cross-entropy of an event along a path of heads, over the rows where it is known."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from models.probabilities import log_joint, log_not_joint
from schemas.heads import Heads


def joint_event(labels: Mapping[str, tf.Tensor], heads: Heads, path: Sequence[str]) -> tf.Tensor:
    """Returns 1 where the events of all heads of `path` happened, else 0; [B].

    One event that did not happen settles it. NaN where none is known to have failed and one is
    not known.
    """
    events = tf.stack([labels[heads[head].label] for head in path])  # [P, B]
    failed = tf.reduce_any(tf.equal(events, 0), axis=0)
    return tf.where(failed, tf.zeros_like(events[0]), tf.reduce_prod(events, axis=0))


def cross_entropy(
    logits: Sequence[tf.Tensor], event: tf.Tensor, population: tf.Tensor | None = None
) -> tf.Tensor:
    """Returns the mean of -y log p - (1 - y) log(1 - p), where log p is the joint of `logits`.

    Args:
        logits: along a path of heads, root first; each [B].
        event: [B] float in {0, 1}, or NaN where it is not known: such a row does not count.
        population: [B] bool, the rows that count; None is all of them.

    Returns:
        Scalar, nats per row that counts; 0 if none does.
    """
    counts = tf.logical_not(tf.math.is_nan(event))
    if population is not None:
        counts &= population
    happened = tf.equal(event, 1)
    nats = -tf.where(happened, log_joint(logits), log_not_joint(logits))
    weight = tf.cast(counts, nats.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(nats * weight), tf.reduce_sum(weight))
