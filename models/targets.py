"""What is known of a batch afterwards: from its packed labels to one label per head."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from schemas.heads import Heads, path


class Targets(NamedTuple):
    """What the rows of a batch teach.

    Attributes:
        labels: [B] float by head; NaN where it is not known, or masked.
        weights: [B] float by head, of those heads that have a weight, or a mask on their path: how
            much a row counts in what the head and its joints learn; 0 where it is masked.
        columns: [B] float by column, as packed: labels as they came, and what else there is.
        groups: int64 [B], the group that a row is ranked in, negative for none; None if rows
            have no groups.
    """

    labels: Mapping[str, tf.Tensor]
    weights: Mapping[str, tf.Tensor]
    columns: Mapping[str, tf.Tensor]
    groups: tf.Tensor | None = None


def make_targets(
    packed: tf.Tensor, names: Sequence[str], heads: Heads, groups: tf.Tensor | None = None
) -> Targets:
    """Returns the targets of a batch.

    Args:
        packed: [B, K] float, the packed labels.
        names: of the K columns.
        heads: what is learnt of them.
        groups: int64 [B], or None.
    """
    columns = dict(zip(names, tf.unstack(packed, len(names), axis=1), strict=True))
    labels = {name: columns[head.label] for name, head in heads.items()}
    weights = {}
    for name, head in heads.items():
        seen = {
            parent: tf.equal(columns[mask], 1)
            for parent in path(heads, name)
            if (mask := heads[parent].mask) is not None
        }
        if name in seen:
            labels[name] = tf.where(seen[name], labels[name], float("nan"))
        # Not the label alone: a row without a click has a joint whatever its conversion is. Where
        # masked rows with a click do not count, masked rows without one must not either.
        factors = [tf.cast(one, tf.float32) for one in seen.values()]
        if head.weight is not None:
            factors.append(columns[head.weight])
        if factors:
            weights[name] = tf.math.reduce_prod(tf.stack(factors), axis=0)
    return Targets(labels, weights, columns, groups)
