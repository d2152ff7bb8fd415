"""How far a figure of an hour may be off by chance: 95 % intervals of sums, counts and AUCs.

Events are taken for independent. Where they are not, as clicks of one user are not quite, the truth
strays somewhat further than this says.
"""

import math

import numpy as np
import numpy.typing as npt
import scipy.stats

_TAIL = 0.025
_Z = 1.959963984540054

Floats = npt.NDArray[np.float64]


def of_count(events: float) -> tuple[float, float]:
    """Returns the exact interval of the mean of a Poisson count (Garwood 1936)."""
    low = scipy.stats.chi2.ppf(_TAIL, 2 * events) / 2 if events else 0.0
    return float(low), float(scipy.stats.chi2.ppf(1 - _TAIL, 2 * events + 2) / 2)


def of_sum(total: float, squares: float) -> tuple[float, float]:
    """Returns the interval of a sum of independent numbers.

    Args:
        total: the sum.
        squares: the sum of their squares, the variance where each comes as often as chance has it.
    """
    error = _Z * math.sqrt(squares)
    return total - error, total + error


def of_auc(negatives: Floats, positives: Floats) -> tuple[float, float, float]:
    """Returns an AUC and its interval (DeLong 1988); NaN if a class is absent.

    Args:
        negatives: [G], how many are in each group of equal scores, ascending.
        positives: [G], likewise.
    """
    ties, events = negatives.sum(), positives.sum()
    if not ties or not events:
        return math.nan, math.nan, math.nan
    # Of a positive, the share of negatives below it; of a negative, that of positives above it.
    below = (np.cumsum(negatives) - negatives / 2) / ties
    above = 1 - (np.cumsum(positives) - positives / 2) / events
    auc = float(np.average(below, weights=positives))
    spread = _variance(below, positives, auc) / events + _variance(above, negatives, auc) / ties
    error = _Z * math.sqrt(spread)
    return auc, max(auc - error, 0.0), min(auc + error, 1.0)


def _variance(values: Floats, counts: Floats, mean: float) -> float:
    """Returns the variance of values that came so often; infinite for one of them."""
    rows = counts.sum()
    return float((counts * (values - mean) ** 2).sum() / (rows - 1)) if rows > 1 else math.inf
