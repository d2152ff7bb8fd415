"""Whether a share differs from another by more than chance."""

import math

# Standard errors: of a thousand comparisons of equal shares, one in sixteen is wrong once.
SURE = 4.0


def beyond_chance(share: float, rows: float, other: float, other_rows: float) -> bool:
    """Returns whether two shares differ by more than 4 standard errors.

    The standard error is that of two binomials with one share, so rows are taken to be independent
    of each other. It guards small spans; in large ones it is next to nothing.

    Args:
        share: from 0 to 1.
        rows: it is a share of; the effective number where rows have weights.
        other: the share that it is compared with.
        other_rows: likewise.
    """
    if not rows or not other_rows:
        return False
    pooled = (share * rows + other * other_rows) / (rows + other_rows)
    variance = pooled * (1 - pooled) * (1 / rows + 1 / other_rows)
    return abs(share - other) > SURE * math.sqrt(variance)
