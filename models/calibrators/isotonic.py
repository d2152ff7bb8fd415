"""A rising line of many pieces in logit space."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy import optimize

from models.calibrators.logit_tally import LIMIT, Bins, Floats, LogitTally, calibration, rates

_KNOTS = 64


class Isotonic(tf.Module):
    """Centered isotonic regression: the logit x becomes x + c(x), a rising line of 63 pieces.

    Zadrozny and Elkan, "Transforming Classifier Scores into Accurate Multiclass Probability
    Estimates", KDD 2002 (https://doi.org/10.1145/775047.775151): of all rising functions the one
    closest to the labels is a staircase, the mean label of blocks of neighbours. A stair makes
    equals of all rows of its block, which a ranking needs apart. So, as in Oron and Flournoy,
    "Centered Isotonic Regression", Statistics in Biopharmaceutical Research 2017
    (https://arxiv.org/abs/1701.05964), the mean label of a block stands at its centre only, the
    mean of what was predicted, and lines run from centre to centre, here of logits.

    A block of n rows without a positive counts as 1 / 2n, one without a negative as 1 - 1 / 2n.
    Beyond the outermost knots c stays as it is there. What lines and ends add to the mean
    prediction, one shift of all knots takes back: it is the mean label. c is 0, hence the
    identity, until it is fitted.
    """

    def __init__(self) -> None:
        super().__init__(name="isotonic")
        self.knots = tf.Variable(np.arange(_KNOTS), trainable=False, dtype=tf.float32)
        self.corrections = tf.Variable(tf.zeros([_KNOTS]), trainable=False)

    def __call__(self, logit: tf.Tensor) -> tf.Tensor:
        """Returns the calibrated logit, [B] for [B]."""
        x = tf.clip_by_value(logit, self.knots[0], self.knots[-1])
        after = tf.clip_by_value(tf.searchsorted(self.knots, x, side="right"), 1, _KNOTS - 1)
        x0, x1 = tf.gather(self.knots, after - 1), tf.gather(self.knots, after)
        c0, c1 = tf.gather(self.corrections, after - 1), tf.gather(self.corrections, after)
        return logit + c0 + (c1 - c0) * tf.math.divide_no_nan(x - x0, x1 - x0)

    def fit(self, tally: LogitTally) -> None:
        """Sets the knots to fit the rows of `tally`, which holds some of both labels."""
        bins = tally.bins()
        blocks = _fewer(_blocks(bins), _KNOTS)
        rate = _open_ends(blocks)
        correction = np.log(rate) - np.log1p(-rate) - blocks.logit
        spare = _KNOTS - len(rate)  # knots beyond the last, where nothing changes any more
        beyond = blocks.logit[-1] + np.arange(1, spare + 1)
        self.knots.assign(np.concatenate([blocks.logit, beyond]))
        line = bins.logit + np.interp(bins.logit, blocks.logit, correction)
        shift = optimize.brentq(lambda shift: calibration(bins, line + shift) - 1, -LIMIT, LIMIT)
        self.corrections.assign(np.pad(correction + shift, (0, spare), mode="edge"))


def _blocks(bins: Bins) -> Bins:
    """Returns the blocks of one rate each that the isotonic regression makes of the bins."""
    found = optimize.isotonic_regression(bins.positives / bins.weight, weights=bins.weight)
    return _joined(bins, found.blocks[:-1])


def _fewer(blocks: Bins, count: int) -> Bins:
    """Joins neighbours until there are `count` blocks at most, each telling about as much.

    What n rows of rate p tell is n p (1 - p): a block without a positive tells nothing.
    """
    if len(blocks.weight) <= count:
        return blocks
    told = np.cumsum(blocks.positives * (1 - blocks.positives / blocks.weight))
    group = np.minimum((told / told[-1] * count).astype(int), count - 1)
    return _joined(blocks, np.unique(group, return_index=True)[1])


def _joined(bins: Bins, starts: npt.NDArray[np.integer]) -> Bins:
    """Returns the bins from each of `starts` up to the next as one, at the mean prediction."""
    predicted, weight, positives = (
        np.add.reduceat(each, starts)
        for each in (rates(bins.logit) * bins.weight, bins.weight, bins.positives)
    )
    mean = predicted / weight
    return Bins(np.log(mean) - np.log1p(-mean), weight, positives)


def _open_ends(blocks: Bins) -> Floats:
    """Returns the rate of each block, ascending, without 0 and 1."""
    rate = blocks.positives / blocks.weight
    if len(rate) > 1:
        doubt = np.minimum(0.5 / blocks.weight, 0.5)
        rate[0] = min(max(rate[0], doubt[0]), rate[1])
        rate[-1] = max(min(rate[-1], 1 - doubt[-1]), rate[-2])
    return rate
