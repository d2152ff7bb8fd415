"""What is measured user by user or request by request: the mean over these, as sums by fold."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from evaluation.areas import ratio
from evaluation.rows import FOLDS, Floats, Ints, Rows, summed


@dataclasses.dataclass(frozen=True)
class GroupSums:
    """Sums by fold behind the mean of a metric over groups of rows.

    Attributes:
        told: [models, FOLDS], sum of weight times metric.
        weight: [FOLDS], of the groups that were measured.
        groups: how many were.
        skipped: how many could not be.
    """

    told: Floats
    weight: Floats
    groups: int
    skipped: int

    def __add__(self, other: "GroupSums") -> "GroupSums":
        return GroupSums(
            self.told + other.told,
            self.weight + other.weight,
            self.groups + other.groups,
            self.skipped + other.skipped,
        )


def sums_by_group(
    rows: Rows, predictions: Sequence[Floats], at: Sequence[int]
) -> dict[str, GroupSums]:
    """Returns the sums of `gauc`, `session_auc` and `ndcg@<k>`, as far as groups are known.

    `gauc` is the mean of users' AUCs, `session_auc` of requests', each weighted by the weight of
    its rows; those of one class only are skipped. `ndcg@<k>` is the mean of requests' NDCG, whose
    gain is the label, each weighted by the mean weight of its rows; those without a positive are
    skipped. Ties count as the mean over all their orders.

    Args:
        rows: of a rate, none of weight 0.
        predictions: [N] by model, finite.
        at: the k of NDCG@k.
    """
    found: dict[str, GroupSums] = {}
    if rows.user is None and rows.request is None:
        return found
    # Sorted once a model, then by group as one number: twice as fast as by group and prediction.
    falling = [(prediction, _places(-prediction)) for prediction in predictions]
    if rows.user is not None:
        users = _Groups(rows, rows.user)
        mixed = users.positives & users.negatives
        aucs = [users.ranked(*each, mixed).aucs() for each in falling]
        found["gauc"] = users.sums(mixed, aucs, users.weight)
    if rows.request is not None:
        requests = _Groups(rows, rows.request)
        ranked = [requests.ranked(*each, requests.positives) for each in falling]
        mixed = requests.positives & requests.negatives
        within = mixed[requests.positives]
        aucs = [each.aucs()[within] for each in ranked]
        found["session_auc"] = requests.sums(mixed, aucs, requests.weight)
        for k in at:
            gains = [each.ndcg(k) for each in ranked]
            found[f"ndcg@{k}"] = requests.sums(
                requests.positives, gains, requests.weight / requests.count
            )
    return found


def _places(values: Floats) -> Ints:
    """Returns where each value stands, [N], when they are sorted; ties in any order."""
    places = np.empty(len(values), np.int64)
    places[np.argsort(values)] = np.arange(len(values))
    return places


class _Groups:
    """Rows by group: a user or a request."""

    def __init__(self, rows: Rows, group: Ints):
        _, self._group = np.unique(group, return_inverse=True)
        self._label = rows.label
        self._row_weight = rows.weight
        self.count = np.bincount(self._group)
        self.weight = summed(rows.weight, self._group, len(self.count))
        self.positives = np.bincount(self._group, rows.label > 0) > 0
        self.negatives = np.bincount(self._group, rows.label < 1) > 0
        self._fold = np.zeros(len(self.count), np.int64)
        self._fold[self._group] = rows.fold

    def ranked(self, prediction: Floats, place: Ints, kept: npt.NDArray[np.bool_]) -> "_Ranked":
        """Returns the rows of the kept groups, each group's best first.

        Args:
            prediction: [N].
            place: [N], of each row where predictions fall.
            kept: bool [G].
        """
        rows = np.flatnonzero(kept[self._group])
        number = np.cumsum(kept) - 1
        rows = rows[np.argsort(self._group[rows] * len(place) + place[rows])]
        return _Ranked(
            number[self._group[rows]],
            prediction[rows],
            self._label[rows],
            self._row_weight[rows],
            int(kept.sum()),
        )

    def sums(self, kept: npt.NDArray[np.bool_], told: list[Floats], weight: Floats) -> GroupSums:
        """Returns the sums of what each model's kept groups tell."""
        fold, weight = self._fold[kept], weight[kept]
        return GroupSums(
            told=np.stack([summed(weight * each, fold, FOLDS) for each in told]),
            weight=summed(weight, fold, FOLDS),
            groups=int(kept.sum()),
            skipped=int((~kept).sum()),
        )


class _Ranked:
    """Rows sorted by group, then by falling prediction, and their ties.

    Args:
        group: [N], 0 to groups - 1, ascending.
        prediction: [N], falling in each group.
        label: [N].
        weight: [N].
        groups: how many there are; each has a row.
    """

    def __init__(self, group: Ints, prediction: Floats, label: Floats, weight: Floats, groups: int):
        new_group = np.diff(group, prepend=-1) != 0
        new_tie = new_group | (np.diff(prediction, prepend=np.nan) != 0)
        self._group, self._label, self._weight = group, label, weight
        self._tie = np.cumsum(new_tie) - 1
        self._tie_group = group[new_tie]
        self._starts = np.flatnonzero(new_group)  # the first row of each group
        self._first_ties = np.flatnonzero(new_group[new_tie])
        self._groups = groups

    def aucs(self) -> Floats:
        """Returns the AUC of each group, NaN for one of one class."""
        negatives = self._by_tie(self._weight * (1 - self._label))
        positives = self._by_tie(self._weight * self._label)
        above = np.cumsum(negatives) - negatives
        above -= above[self._first_ties][self._tie_group]
        of_group = self._by_group(negatives)
        below = of_group[self._tie_group] - above - negatives
        ordered = self._by_group(positives * (below + negatives / 2))
        return ratio(ordered, of_group * self._by_group(positives))

    def ndcg(self, k: int) -> Floats:
        """Returns the NDCG of the best k of each group, each of which has a positive row."""
        rank = np.arange(len(self._group)) - self._starts[self._group]
        discount = np.where(rank < k, 1 / np.log2(rank + 2), 0.0)
        ties = np.bincount(self._tie, minlength=len(self._tie_group))
        gain = self._by_tie(self._label) * self._by_tie(discount) / ties
        positives = np.bincount(self._group, self._label, self._groups).astype(np.int64)
        best = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(k) + 2))])
        return ratio(self._by_group(gain), best[np.minimum(positives, k)])

    def _by_tie(self, part: Floats) -> Floats:
        return summed(part, self._tie, len(self._tie_group))

    def _by_group(self, part: Floats) -> Floats:
        return summed(part, self._tie_group, self._groups)
