"""From the AUC of runs to means, deviations and intervals, and whether the paper's order holds."""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from benchmarks.census_income.paper import BARS, TABLES
from benchmarks.census_income.plan import GROUPS

BASELINES = ("single_task", "shared_bottom")
CONFIDENCE = 0.95

# AUC on the test part by method and head, one number a seed; the same seeds in the same order.
Scores = Mapping[str, Mapping[str, Sequence[float]]]


class Difference(NamedTuple):
    """Mean of paired differences, and an interval of Student's t around it."""

    mean: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def difference(ours: Sequence[float], others: Sequence[float]) -> Difference:
    """Returns ours less others, seed by seed, with the interval of `CONFIDENCE`."""
    apart = np.subtract(ours, others)
    mean = float(apart.mean())
    error = float(apart.std(ddof=1)) / np.sqrt(len(apart))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(apart) - 1) * error)
    return Difference(mean, mean - reach, mean + reach)


def figures(group: str, scores: Scores) -> dict[str, dict[str, dict[str, float]]]:
    """Returns by method and `<group>.<head>.auc`: mean, std, best, and against the baselines.

    `best` is the AUC in the run whose main head has the best on the test part, as in the paper.
    It is the largest of so many draws, not a model that one could have chosen.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for method, heads in scores.items():
        best = int(np.argmax(heads[GROUPS[group].main]))
        for head, aucs in heads.items():
            of_head = {
                "mean": float(np.mean(aucs)),
                "std": float(np.std(aucs, ddof=1)),
                "best": aucs[best],
            }
            for baseline in BASELINES:
                if baseline in scores and baseline != method:
                    compared = difference(aucs, scores[baseline][head])
                    of_head |= {
                        f"vs_{baseline}": compared.mean,
                        f"vs_{baseline}_low": compared.low,
                        f"vs_{baseline}_high": compared.high,
                    }
            found.setdefault(method, {})[f"{group}.{head}.auc"] = of_head
    return found


def order(group: str, scores: Scores) -> list[str]:
    """Returns sentences on whether the paper's order of means holds here.

    For each head one on all pairs of methods that the paper tells apart, and one on each pair with
    MMoE whose order does not hold, or is not shown to hold.
    """
    said = []
    for head in GROUPS[group]:
        pairs = _pairs(group, head, scores)
        counts = {
            "hold": sum(ours.shown and ours.mean > 0 for *_, ours in pairs),
            "are reversed": sum(ours.shown and ours.mean < 0 for *_, ours in pairs),
            "are within the noise of the seeds": sum(not ours.shown for *_, ours in pairs),
        }
        told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        said.append(f"{group}, {head}: of the paper's {len(pairs)} orders of two methods {told}.")
        for above, below, ours in pairs:
            if "mmoe" not in (above, below) or (ours.shown and ours.mean > 0):
                continue
            verdict = "The reverse holds here" if ours.shown else "That is not shown here"
            said.append(
                f"{group}, {head}: the paper has {above} above {below}. {verdict}: the difference "
                f"is {ours.mean:+.4f} [{ours.low:+.4f}, {ours.high:+.4f}]."
            )
    return said


def _pairs(group: str, head: str, scores: Scores) -> list[tuple[str, str, Difference]]:
    """Returns each two methods whose published means differ, the better first, and ours."""
    auxiliary = head == GROUPS[group].auxiliary
    published = {
        name: line.mean(auxiliary) for name, line in TABLES[group].items() if name in scores
    }
    found = []
    for pair in itertools.combinations(published, 2):
        below, above = sorted(pair, key=published.__getitem__)
        if published[above] != published[below]:
            apart = difference(scores[above][head], scores[below][head])
            found.append((above, below, apart))
    return found


def bars(group: str, scores: Scores) -> list[dict[str, object]]:
    """Returns what the means of MMoE must reach, and what they are."""
    checked = []
    for head in GROUPS[group]:
        if head in BARS and "mmoe" in scores:
            mean = float(np.mean(scores["mmoe"][head]))
            checked.append(
                {
                    "bar": f"{group}: the mean {head} AUC of mmoe is at least {BARS[head]:.4f}",
                    "measured": mean,
                    "reached": mean >= BARS[head],
                }
            )
    return checked
