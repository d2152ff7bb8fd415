"""Histories: the items each user clicked last, known only once the click has happened."""

import numpy as np
import numpy.typing as npt

from simulation.shop import Ints

MAX_HISTORY = 20


class Histories:
    """The last clicked items of every user, most recent first.

    Clicks are told when they are simulated, which is before their time has come: `advance` moves
    the clock and lets in those that have happened. So no history ever holds a click of its own
    chunk or one that comes after it.

    Example:
        histories = Histories(num_users=2)
        histories.tell(user=np.array([1]), item=np.array([7]), time=np.array([100]))
        histories.advance(101)
        histories.of(np.array([0, 1]))  # lengths [0, 1], items [7]
    """

    def __init__(self, num_users: int) -> None:
        self._items = np.zeros((num_users, MAX_HISTORY), np.int32)  # [U, H]
        self._lengths = np.zeros(num_users, np.int64)  # [U]
        self._told = np.empty((3, 0), np.int64)  # user, item and time of clicks yet to come

    def tell(self, user: Ints, item: Ints, time: Ints) -> None:
        """Takes note of clicks, which count once the clock has passed them.

        Args:
            user: [K] index of who clicks.
            item: [K] index of what is clicked.
            time: [K] second of the click.
        """
        self._told = np.concatenate([self._told, np.stack([user, item, time])], axis=1)

    def advance(self, now: int) -> None:
        """Puts the clicks before second `now` in front of the histories of their users."""
        happened = self._told[2] < now
        user, item, time = self._told[:, happened]
        self._told = self._told[:, ~happened]
        order = np.lexsort((time, user))
        user, item = user[order], item[order]
        _, begins, counts = np.unique(user, return_index=True, return_counts=True)
        # Only the last clicks of a user can be seen, so a busy one costs no more than those.
        begins, counts = begins + np.maximum(counts - MAX_HISTORY, 0), counts.clip(max=MAX_HISTORY)
        for turn in range(counts.max(initial=0)):
            rows = begins[counts > turn] + turn
            self._push(user[rows], item[rows])

    def of(self, user: Ints) -> tuple[Ints, npt.NDArray[np.int32]]:
        """Returns the histories of users.

        Args:
            user: [N] index of each.

        Returns:
            [N] lengths, at most 20, and the items of all of them in one row.
        """
        lengths = self._lengths[user]
        return lengths, self._items[user][np.arange(MAX_HISTORY) < lengths[:, None]]

    def _push(self, user: Ints, item: Ints) -> None:
        """Puts one item in front of the history of each of `user`, which are distinct."""
        self._items[user, 1:] = self._items[user, :-1]
        self._items[user, 0] = item
        self._lengths[user] = np.minimum(self._lengths[user] + 1, MAX_HISTORY)
