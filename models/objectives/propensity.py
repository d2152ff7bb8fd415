"""The chance that a head's population was reached, and the loss of the rows that reached it."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from models.objectives.cross_entropy import joint_event
from models.probabilities import log_joint


def propensity(logits: Mapping[str, tf.Tensor], parents: Sequence[str], floor: float) -> tf.Tensor:
    """Returns max(p, floor), where p is the product of the parents' rates, without a gradient.

    It weighs the loss of a head; were it trained by that loss, a higher ctr would be the easiest
    way to a lower one.

    Args:
        logits: [B] by head.
        parents: of the head, root first: (ctr,) for cvr.
        floor: in (0, 1], so that no row weighs more than 1 / floor.

    Returns:
        [B] in [floor, 1].
    """
    p = tf.exp(log_joint([logits[parent] for parent in parents]))
    return tf.stop_gradient(tf.maximum(p, floor))


def observed(labels: Mapping[str, tf.Tensor], path: Sequence[str]) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns where the parents' event happened, o, and which rows are known.

    Args:
        labels: [B] by head, NaN where unknown.
        path: of heads, root first, to one with a parent.

    Returns:
        bool [B]; and [B], the event of the whole path, NaN unless it is known both whether the
        parents' event happened and, if so, the label.
    """
    parents = joint_event(labels, path[:-1])
    event = joint_event(labels, path)
    unknown = tf.math.is_nan(parents)
    return tf.equal(parents, 1), tf.where(unknown, parents, event)


def log_loss(logit: tf.Tensor, event: tf.Tensor) -> tf.Tensor:
    """Returns -log p where `event` is 1, else -log(1 - p): nats, [B], finite for every logit."""
    # Not softplus(x) - y x: an unknown y would make the gradient NaN, even of a row left out.
    return tf.where(tf.equal(event, 1), tf.nn.softplus(-logit), tf.nn.softplus(logit))
