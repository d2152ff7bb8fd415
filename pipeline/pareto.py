"""Which weights of a score trade which label for which: AUC of each label, and the Pareto front."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from evaluation.score import Floats, score_values
from pipeline.errors import Misuse
from schemas.score_weights import weights, with_weights


@dataclasses.dataclass(frozen=True)
class Trial:
    """One expression and how well it ranks.

    Attributes:
        expression: with its weights.
        aucs: by label; NaN if the score is not a number on some row.
    """

    expression: str
    aucs: Mapping[str, float]

    @property
    def ranks(self) -> bool:
        """Whether its score is a number on all rows."""
        return not any(map(math.isnan, self.aucs.values()))


class Ranking:
    """What scores are judged by: rows with, for each label, what there is to gain of them.

    The AUC of a label is the share of pairs of a row that has it and one that has not which a
    score puts in the right order, ties counting a half; a pair weighs what its row gains. With
    groups, only pairs within a group count.

    Args:
        gains: [N] by label: 0 or what the row gains (1 for an event); NaN where not known.
        groups: int [N], the group of each row; None if all rows are ranked together.

    Attributes:
        rows: N.
        labels: those of which there is a pair.
    """

    def __init__(self, gains: Mapping[str, Floats], groups: npt.NDArray[np.int64] | None = None):
        self.rows = len(next(iter(gains.values())))
        self.labels = tuple(gains)
        self._groups = groups
        self._without = {name: np.asarray(gain == 0, np.float64) for name, gain in gains.items()}
        self._with = {name: np.where(gain > 0, gain, 0.0) for name, gain in gains.items()}
        ties = self.aucs(np.zeros(self.rows))
        self.labels = tuple(name for name, auc in ties.items() if not math.isnan(auc))

    def positives(self) -> dict[str, int]:
        """Returns how many rows have each label."""
        return {name: int(np.count_nonzero(gain)) for name, gain in self._with.items()}

    def aucs(self, score: Floats) -> dict[str, float]:
        """Returns the AUC of each label for scores [N]; NaN without a pair."""
        if np.isnan(score).any():
            return dict.fromkeys(self.labels, float("nan"))
        groups = np.zeros(len(score), np.int64) if self._groups is None else self._groups
        # One sort serves all labels.
        order = np.argsort(score) if self._groups is None else np.lexsort((score, groups))
        score, groups = score[order], groups[order]
        ties = _starts(score, groups)
        blocks = _starts(groups[ties])
        return {
            name: _auc(
                np.add.reduceat(self._without[name][order], ties),
                np.add.reduceat(self._with[name][order], ties),
                blocks,
            )
            for name in self.labels
        }


def _starts(*columns: npt.NDArray[np.generic]) -> npt.NDArray[np.intp]:
    """Returns where a run of equal rows begins."""
    changed = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return np.flatnonzero(np.concatenate([[True], changed]))


def _auc(without: Floats, having: Floats, blocks: npt.NDArray[np.intp]) -> float:
    """Returns the share of pairs in order, of weights by tie, ascending within each block."""
    below = np.cumsum(without) - without
    below -= np.repeat(below[blocks], np.diff(blocks, append=len(without)))
    pairs = np.add.reduceat(without, blocks) @ np.add.reduceat(having, blocks)
    return float(having @ (below + without / 2) / pairs) if pairs else float("nan")


def candidates(expression: str, count: int, seed: int) -> list[str]:
    """Returns the expressions to try: the present one, each weight alone, then Sobol points.

    Args:
        expression: with weights.
        count: of Sobol points, which cover the ranges of the weights evenly.
        seed: of their scrambling.
    """
    found = weights(expression)
    present = [weight.value for weight in found]
    alone = [np.where(np.arange(len(found)) == i, present, 0.0) for i in range(len(found))]
    sobol = qmc.Sobol(len(found), seed=seed).random_base2((count - 1).bit_length())[:count]
    points = [*alone, *(sobol * [weight.most for weight in found])]
    written = dict.fromkeys(with_weights(expression, point) for point in points)
    written.pop(with_weights(expression, present), None)
    return [expression, *written]


def judged(expression: str, values: Mapping[str, Floats], ranking: Ranking) -> Trial:
    """Returns the trial of one expression over the columns `values`, [N] float32 each."""
    # As in the graph: log(0) is -inf, and stands last.
    return Trial(expression, ranking.aucs(score_values(expression, values)))


def front(aucs: Floats) -> list[int]:
    """Returns which rows of [T, L] are on the Pareto front, the best in the first column first.

    Those are the rows that no other beats in one column without losing in another; of equal ones
    the first.
    """
    found = []
    for i, row in enumerate(aucs):
        at_least = (aucs >= row).all(axis=1)
        better = at_least & (aucs > row).any(axis=1)
        if not better.any() and not at_least[:i].any():
            found.append(i)
    return sorted(found, key=lambda i: -aucs[i, 0])


def kept(aucs: Floats) -> Floats:
    """Returns the share of the best AUC above a half that each row of [T, L] keeps, [T].

    It is the mean over the labels: 1 is a score that ranks every label as well as any of the rows
    does. A label that none ranks better than chance does not count.
    """
    above = aucs - 0.5
    best = above.max(axis=0)
    counts = best > 0
    if not counts.any():
        return np.zeros(len(aucs))
    return np.asarray((above[:, counts] / best[counts]).mean(axis=1))


@dataclasses.dataclass(frozen=True)
class Tuned:
    """All trials, of which the first is the present expression.

    Attributes:
        trials: in the order they were made.
        front: which of them no other beats, the best for the first label first.
        kept: by trial, what it keeps of the best AUC above a half, the mean over the labels.
        recommended: which of the front keeps most.
    """

    trials: Sequence[Trial]
    front: Sequence[int]
    kept: Sequence[float]
    recommended: int


def tune(
    expression: str,
    values: Mapping[str, Floats],
    ranking: Ranking,
    count: int,
    seed: int,
    progress: Callable[[int, int], None],
) -> Tuned:
    """Tries weights for a score.

    Args:
        expression: the present score.
        values: [N] float32 of each name in it.
        ranking: what scores are judged by.
        count: of Sobol points to try.
        seed: of their scrambling.
        progress: called with the trials made and to make.

    Raises:
        Misuse: if there is no pair to rank, or the present score is not a number on some row.
    """
    if not ranking.labels:
        have = ", ".join(f"{n} with {name}" for name, n in ranking.positives().items())
        raise Misuse(
            f"of the {ranking.rows} held-back rows there are {have}: no label has rows with it and "
            "rows without it to part. Give more rows, or a run with more spans"
        )
    expressions = candidates(expression, count, seed)
    trials = []
    for made, candidate in enumerate(expressions, start=1):
        trial = judged(candidate, values, ranking)
        if trial.ranks:
            trials.append(trial)
        elif candidate == expression:
            raise Misuse(
                f"the score {expression!r} is not a number on some held-back rows, such as the "
                "logarithm or a broken power of a number below 0. Guard it, as in max(price, 0)"
            )
        progress(made, len(expressions))
    aucs = np.array([list(trial.aucs.values()) for trial in trials])
    best, shares = front(aucs), kept(aucs)
    recommended = max(best, key=lambda number: (shares[number], -number))
    return Tuned(trials, best, shares.tolist(), recommended)
