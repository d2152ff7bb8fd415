"""What is known of a batch afterwards: from its packed labels to one label per head."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from schemas.heads import Heads


class Targets(NamedTuple):
    """What the rows of a batch teach.

    Attributes:
        labels: [B] float by head; NaN where it is not known, or masked.
        weights: [B] float by head, of those heads that have a weight: how much a row counts.
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
    for name, head in heads.items():
        if head.mask is not None:
            unknown = tf.fill(tf.shape(labels[name]), float("nan"))
            labels[name] = tf.where(tf.equal(columns[head.mask], 1), labels[name], unknown)
    weights = {name: columns[head.weight] for name, head in heads.items() if head.weight}
    return Targets(labels, weights, columns, groups)
