"""Numbers -> the interval between powers of two that each lies in, as text."""

import numpy as np
import numpy.typing as npt

from evaluation.rows import Ints

# The value of rows without one.
MISSING = "(missing)"
_NOTHING = np.iinfo(np.int64).max
_SHIFT = 4096  # more than any exponent of a double


def intervals(numbers: npt.NDArray[np.float64]) -> tuple[list[str], Ints]:
    """Returns the intervals that there are, and which of them each number lies in, [N].

    "[8, 16)" is such an interval, and "[-2, -1)" and "0"; what is no finite number is missing.

    Args:
        numbers: [N].
    """
    powers, places = np.unique(_powers(numbers), return_inverse=True)
    return [_interval(power) for power in powers.tolist()], places


def _powers(numbers: npt.NDArray[np.float64]) -> Ints:
    """Returns int64 [N]: 0 for 0, sign times (exponent + _SHIFT), _NOTHING for what is no number.

    An interval is closed below: 8 begins [8, 16), and -2 begins [-2, -1).
    """
    finite = np.isfinite(numbers)
    mantissa, exponent = np.frexp(np.where(finite, np.abs(numbers), 0.0))
    # frexp's mantissa lies in [0.5, 1): a number is in [2 ** (exponent - 1), 2 ** exponent).
    at_edge = (numbers < 0) & (mantissa == 0.5)
    power = np.sign(np.where(finite, numbers, 0.0)) * (exponent - at_edge + _SHIFT)
    return np.where(finite, power.astype(np.int64), _NOTHING)


def _interval(power: int) -> str:
    if power == _NOTHING:
        return MISSING
    if power == 0:
        return "0"
    outer = abs(power) - _SHIFT
    near, far = (_number(2.0**exponent) for exponent in (outer - 1, outer))
    return f"[{near}, {far})" if power > 0 else f"[-{far}, -{near})"


def _number(value: float) -> str:
    return str(int(value)) if 1 <= value < 2**64 else str(value)
