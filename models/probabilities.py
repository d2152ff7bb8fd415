"""Logits to probabilities, in log space: a product of rates is a sum of logs.

Along a path of heads with logits a, b, ... the joint event has the probability
p = sigmoid(a) sigmoid(b) ...; neither p nor 1 - p is ever formed by rounding.
"""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from schemas.heads import Heads, outputs


def log_joint(logits: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns log p, the sum of log sigmoids.

    Args:
        logits: along a path of heads, root first; each [B].
    """
    return tf.add_n([tf.math.log_sigmoid(logit) for logit in logits])


def log_not_joint(logits: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns log(1 - p).

    1 - pqr = (1 - p) + p (1 - q) + pq (1 - r): a sum of positives, one for each head at which
    the path can break off, so nothing cancels whether the product is tiny or nearly one.

    Args:
        logits: along a path of heads, root first; each [B].
    """
    breaks = [
        tf.add_n(
            [*(tf.math.log_sigmoid(passed) for passed in logits[:i]), tf.math.log_sigmoid(-logit)]
        )
        for i, logit in enumerate(logits)
    ]
    return breaks[0] if len(breaks) == 1 else tf.reduce_logsumexp(breaks, axis=0)


def probabilities(logits: Mapping[str, tf.Tensor], heads: Heads) -> dict[str, tf.Tensor]:
    """Returns every output of `heads`: the heads' own rates, then the joint ones.

    Args:
        logits: [B] by head.
        heads: the forest of rates.

    Returns:
        [B] in [0, 1] by output; a joint one is never above its parent.
    """
    return {
        output.name: tf.exp(log_joint([logits[head] for head in output.heads]))
        for output in outputs(heads)
    }
