"""Figures of predictions from the weights of negatives and positives at each, ascending.

Any leading dimensions are so many figures at once, as [folds, G].
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.rows import Floats, Ints, summed

# Into so many bins of equal weight predictions are put to see whether they are reliable.
RELIABILITY_BINS = 15


def grouped(prediction: npt.NDArray[Any], label: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Returns the weight of negatives and of positives at each distinct prediction, ascending.

    Args:
        prediction: [N].
        label: [N], 0 or 1, or a probability: of so much weight both.
        weight: [N].
    """
    _, group = np.unique(prediction, return_inverse=True)
    groups = int(group.max(initial=-1)) + 1
    return summed(weight * (1 - label), group, groups), summed(weight * label, group, groups)


def auc(prediction: npt.NDArray[Any], label: npt.NDArray[Any]) -> float:
    """Returns the exact area under the ROC curve of rows of weight 1; NaN if a class is absent.

    Args:
        prediction: [N], of any type that has an order.
        label: [N], 0 or 1, or a probability: the AUC of many labels drawn of each row.
    """
    return float(roc_auc(*grouped(prediction, label.astype(np.float64), np.ones(len(label)))))


def roc_auc(negatives: Floats, positives: Floats) -> Floats:
    """Returns the area under the ROC curve; a tie counts a half. NaN if a class is absent.

    Args:
        negatives: [..., G], weight of negatives in each group of equal predictions, ascending.
        positives: [..., G], likewise.
    """
    below = np.cumsum(negatives, axis=-1) - negatives
    ordered = (positives * (below + negatives / 2)).sum(-1)
    return ratio(ordered, negatives.sum(-1) * positives.sum(-1))


def average_precision(negatives: Floats, positives: Floats) -> Floats:
    """Returns the area under the precision-recall curve, as steps (no interpolation).

    It is NaN if there are no positives.

    Args:
        negatives: [..., G], weight of negatives in each group of equal predictions, ascending.
        positives: [..., G], likewise.
    """
    true = np.cumsum(positives[..., ::-1], axis=-1)
    called = true + np.cumsum(negatives[..., ::-1], axis=-1)
    precision = np.divide(true, called, out=np.zeros_like(true), where=called > 0)
    return ratio((precision * positives[..., ::-1]).sum(-1), positives.sum(-1))


def calibration_error(negatives: Floats, positives: Floats, predicted: Floats) -> Floats:
    """Returns the expected calibration error over bins of equal weight.

    That is the mean over the rows of |mean prediction - mean label| of the row's bin.

    Args:
        negatives: [..., G], weight of negatives in each group of equal predictions, ascending.
        positives: [..., G], likewise.
        predicted: [..., G], weight times prediction, likewise.
    """
    weight = negatives + positives
    bins = equal_weights(weight)
    apart = np.abs(binned(predicted, bins) - binned(positives, bins)).sum(-1)
    return ratio(apart, weight.sum(-1))


def equal_weights(weight: Floats) -> Ints:
    """Returns the bin of each group of equal predictions, [..., G], which no bin cuts apart.

    A group is in bin floor(15 s), where s is the share of the weight that lies below the middle of
    the group.

    Args:
        weight: [..., G], ascending predictions.
    """
    middle = np.cumsum(weight, axis=-1) - weight / 2
    share = ratio(middle, weight.sum(-1)[..., None])
    bins = np.nan_to_num(share * RELIABILITY_BINS).astype(np.int64)
    return np.minimum(bins, RELIABILITY_BINS - 1)


def binned(parts: Floats, bins: Ints) -> Floats:
    """Returns the sums of `parts`, [..., G], in each bin, [..., 15]; `bins` may have fewer axes."""
    flat = parts.reshape(math.prod(parts.shape[:-1]), parts.shape[-1])
    rows = np.arange(len(flat))[:, None] * RELIABILITY_BINS
    place = (rows + np.broadcast_to(bins, parts.shape).reshape(flat.shape)).ravel()
    sums = summed(flat.ravel(), place, len(flat) * RELIABILITY_BINS)
    return sums.reshape(*parts.shape[:-1], RELIABILITY_BINS)


def ratio(above: Floats, below: Floats) -> Floats:
    """Returns above / below, and NaN where `below` is 0."""
    above, below = np.broadcast_arrays(above, below)
    found: Floats = np.full(below.shape, np.nan)
    np.divide(above, below, out=found, where=below != 0)
    return found
