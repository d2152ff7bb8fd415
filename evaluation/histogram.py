"""Sums by log-odds, as finely as a bounded number of bins allows."""

import numpy as np

from evaluation.rows import Floats, Ints

# A key holds the fold above the log-odds, which are counted in 2^-43 from -64. To halve the number
# of bins, shift keys right by one: they stay sorted.
_FOLD_BITS = 50
_FINEST = 43
_LIMIT = 64.0
# Bins of 2^-9: so few that they are counted, not sorted.
_COUNTABLE = 34
_LEAST_SPAN = 65_536


class Histogram:
    """Sums of columns by fold and log-odds.

    Bins are as fine as leaves at most `room` of them occupied: log-odds that differ by 1e-13 lie
    apart as long as few do, then bins double in width until they are few again. How wide they end
    up depends on the rows alone, not on how these were split up, nor on the order they came in.

    It takes 8 (C + 1) bytes a bin, so at most 8 (C + 1) `room`, and little where rows are few.

    Args:
        columns: C, how many columns are summed.
        room: most bins that may be occupied; at least one a fold.
    """

    __slots__ = ("_keys", "_room", "_shift", "_sums")

    def __init__(self, columns: int, room: int):
        self._keys: Ints = np.zeros(0, np.int64)
        self._sums: Floats = np.zeros((columns, 0))
        self._room = room
        self._shift = 0

    @property
    def width(self) -> float:
        """How wide bins are, in log-odds."""
        return float(2.0 ** (self._shift - _FINEST))

    @property
    def bins(self) -> int:
        """How many bins are occupied."""
        return len(self._keys)

    def add(self, log_odds: Floats, fold: Ints, columns: Floats) -> None:
        """Counts rows.

        Args:
            log_odds: [N]; beyond -63 and 63 they are as one.
            fold: [N], from 0.
            columns: [C, N], what is summed.
        """
        if not len(log_odds):
            return
        steps = (np.clip(log_odds, 1 - _LIMIT, _LIMIT - 1) + _LIMIT) * 2.0**_FINEST
        keys = (fold.astype(np.int64) << _FOLD_BITS) | steps.astype(np.int64)
        if self._shift < _COUNTABLE and len(keys) > 4 * self._room:
            coarse = keys >> _COUNTABLE
            if np.count_nonzero(np.bincount(coarse - coarse.min())) > self._room:
                self._widen(_COUNTABLE)  # sorting finer keys would be in vain
        self._take(keys >> self._shift, columns)

    def merge(self, other: "Histogram") -> None:
        """Counts what another histogram has counted as well."""
        self._widen(max(self._shift, other._shift))
        self._take(other._keys >> (self._shift - other._shift), other._sums)

    def table(self, folds: int) -> tuple[Floats, Floats]:
        """Returns the middles of the bins, ascending, [G], and the sums, [C, folds, G]."""
        bits = _FOLD_BITS - self._shift
        steps, place = np.unique(self._keys & ((1 << bits) - 1), return_inverse=True)
        sums = np.zeros((len(self._sums), folds, len(steps)))
        sums[:, self._keys >> bits, place] = self._sums
        return (steps + 0.5) * self.width - _LIMIT, sums

    def _widen(self, shift: int) -> None:
        """Makes bins 2^(43 - shift) wide, which they are not beyond yet."""
        if shift > self._shift:
            keys, self._shift = self._keys >> (shift - self._shift), shift
            self._keys, self._sums = _collapsed(keys, self._sums)

    def _take(self, keys: Ints, sums: Floats) -> None:
        """Counts rows of keys as wide as its own."""
        keys = np.concatenate([self._keys, keys])
        self._keys, self._sums = _collapsed(keys, np.concatenate([self._sums, sums], axis=1))
        if len(self._keys) > self._room:
            self._widen(self._shift + self._surplus())

    def _surplus(self) -> int:
        """Returns by how many bits the keys must be shifted at least to fit in."""
        low, high = 1, _FOLD_BITS - self._shift
        while low < high:
            middle = (low + high) // 2
            if 1 + np.count_nonzero(np.diff(self._keys >> middle)) > self._room:
                low = middle + 1
            else:
                high = middle
        return low


def _collapsed(keys: Ints, sums: Floats) -> tuple[Ints, Floats]:
    """Returns each key once, ascending, and the sums of each column by key."""
    if not len(keys):
        return keys, sums
    least = keys.min()
    span = int(keys.max() - least) + 1
    if span <= max(16 * len(keys), _LEAST_SPAN):
        places = keys - least
        occupied = np.flatnonzero(np.bincount(places))
        summed = [np.bincount(places, column)[occupied] for column in sums]
        return occupied + least, np.stack(summed)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[starts], np.add.reduceat(sums[:, order], starts, axis=1)
