"""Logits and labels of one head over any number of rows, in bounded memory: numpy only."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# Logits from -20 to 20 in bins of 1/128. A bin is known by the mean of its logits, so that what
# it loses is of second order: its rows differ by 0.4 % of a probability at most.
LIMIT = 20.0
_BINS_PER_UNIT = 128
_BINS = int(2 * LIMIT * _BINS_PER_UNIT) + 1

Floats = npt.NDArray[np.float64]


class Bins(NamedTuple):
    """The bins that have rows, in ascending order; [N] each.

    Attributes:
        logit: mean of the bin's rows, by weight.
        weight: of its rows; how many they are, if all weigh the same.
        positives: weight of its positives.
    """

    logit: Floats
    weight: Floats
    positives: Floats


class LogitTally:
    """A histogram of logits, with labels and weights. Tallies merge.

    Attributes:
        rows: int [2], how many rows have the label 0 and the label 1.
    """

    def __init__(self) -> None:
        self.rows = np.zeros(2, np.int64)
        self._sums = np.zeros((3, _BINS))  # by bin: weight, weight of positives, weighted logit

    def add(self, logit: npt.ArrayLike, label: npt.ArrayLike, weight: npt.ArrayLike = 1.0) -> None:
        """Counts rows; those without a label (NaN) or of no weight (0, NaN) are left out.

        Args:
            logit: [B]; beyond +-20 it counts as +-20.
            label: [B], 0 or 1.
            weight: [B], or one number for all rows.
        """
        x, y, w = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (logit, label, weight)))
        kept = ~np.isnan(x) & ~np.isnan(y) & (w > 0)
        x, y, w = np.clip(x[kept], -LIMIT, LIMIT), y[kept], w[kept]
        bins = np.rint((x + LIMIT) * _BINS_PER_UNIT).astype(np.int64)
        for sums, each in zip(self._sums, (w, w * y, w * x), strict=True):
            sums += np.bincount(bins, each, _BINS)
        self.rows += np.bincount(y.astype(np.int64), minlength=2)

    def merge(self, other: "LogitTally") -> None:
        """Counts the rows of another tally as well."""
        self.rows += other.rows
        self._sums += other._sums

    def bins(self) -> Bins:
        """Returns the bins that have rows, weights scaled so that they add up to the rows."""
        weight, positives, logits = self._sums[:, self._sums[0] > 0]
        scale = self.rows.sum() / weight.sum()
        return Bins(logits / weight, weight * scale, positives * scale)


def rates(logit: Floats) -> Floats:
    """Returns the sigmoid of a logit, without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -logit)))


def log_loss(bins: Bins, logit: Floats) -> float:
    """Returns the mean log loss, nats a row, had each bin the `logit` [N] given."""
    nats = bins.weight * np.logaddexp(0, logit) - bins.positives * logit
    return float(nats.sum() / bins.weight.sum())


def calibration(bins: Bins, logit: Floats) -> float:
    """Returns the mean prediction by the mean label, had each bin the `logit` [N] given."""
    predicted = bins.weight * rates(logit)
    return float(predicted.sum() / bins.positives.sum())
