"""How sure a figure is: it is computed again without each fold of users in turn.

Rows of a user are alike, so they are no independent rows; folds of whole users are independent.
The delete-a-group jackknife (Wolter, "Introduction to Variance Estimation", 2007, chapter 4) works
for any smooth figure, and for the difference of two models on the same rows.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from evaluation.figures import Figure
from evaluation.rows import Floats

# Fewer folds say too little about how much folds differ.
_LEAST_FREEDOM = 4
_CONFIDENCE = 0.95


def left_out(sums: Floats, kept: npt.NDArray[np.bool_]) -> Floats:
    """Returns the sum over all folds, then the sums without each kept fold, [..., 1 + g].

    Args:
        sums: [..., F], by fold.
        kept: bool [F], the folds that are left out in turn.
    """
    total = sums.sum(-1, keepdims=True)
    return np.concatenate([total, total - sums[..., kept]], axis=-1)


def figure(values: Floats, freedom: int, bounds: tuple[float, float] | None = None) -> Figure:
    """Returns a figure with its standard error and 95 % interval.

    There is no interval where fewer than five folds tell, or where the figure cannot be measured
    without one of them: it hangs on that fold, and nothing says how it would be without.

    Args:
        values: [1 + g], over all folds, then without each.
        freedom: the number of folds that tell, less one.
        bounds: the least and greatest value there is; the interval ends there.
    """
    value, without = float(values[0]), values[1:]
    if freedom < _LEAST_FREEDOM or not math.isfinite(value) or not np.isfinite(without).all():
        return Figure(value=value)
    error = math.sqrt((len(without) - 1) * float(np.var(without)))
    reach = float(special.stdtrit(freedom, (1 + _CONFIDENCE) / 2)) * error
    low, high = value - reach, value + reach
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Figure(value=value, error=error, low=low, high=high, freedom=freedom)
