"""How far two ways to the same answer lie apart."""

import numpy as np
import numpy.typing as npt

# What may lie between two answers of 32 bits to one row.
TOLERANCE = 1e-6


def scaled_gaps(
    left: npt.NDArray[np.floating], right: npt.NDArray[np.floating]
) -> npt.NDArray[np.floating]:
    """Returns |left - right|, relative where they are above 1; infinite where one is no number.

    Args:
        left: of any shape.
        right: of the same shape.
    """
    scale = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
    with np.errstate(invalid="ignore"):  # infinity less infinity
        gaps = np.abs(left.astype(np.float64) - right) / scale
    return np.where(np.isnan(gaps), np.inf, gaps)
