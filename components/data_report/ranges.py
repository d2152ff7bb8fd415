"""Numbers -> ranges, the same for two samples, so that their distributions can be compared."""

import dataclasses

import numpy as np
import numpy.typing as npt

# Of a few thousand rows of fifty items, twice as many ranges are 0.1 apart by chance.
_SHARES = np.linspace(0, 1, 11)


@dataclasses.dataclass(frozen=True)
class Ranges:
    """The ranges between some bounds; a bound is a range of its own.

    So most of a feature that is often 0 does not count as a number near 0.

    Attributes:
        bounds: [B], ascending; none if there was no number.
    """

    bounds: npt.NDArray[np.float64]

    @classmethod
    def of(cls, numbers: npt.NDArray[np.float64]) -> "Ranges":
        """Returns ranges that hold a tenth of the numbers each, or a number that is common."""
        if not len(numbers):
            return cls(numbers)
        # Numbers that are there, not means of two: only a common one gets a range of its own.
        return cls(np.unique(np.quantile(numbers, _SHARES, method="lower")))

    def find(self, numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Returns the range of each number, from 0 to 2 B: odd ones are on a bound."""
        below = np.searchsorted(self.bounds, numbers, "left")
        return below + np.searchsorted(self.bounds, numbers, "right")

    def name_of(self, text: bytes) -> str:
        """Returns what is in a range, in words; `text` is its number in digits."""
        found = int(text)
        bounds = [f"{bound:.6g}" for bound in self.bounds]
        if found % 2:
            return bounds[found // 2]
        if not found:
            return f"below {bounds[0]}" if bounds else "any number"
        if found == 2 * len(bounds):
            return f"above {bounds[-1]}"
        return f"{bounds[found // 2 - 1]} to {bounds[found // 2]}"
