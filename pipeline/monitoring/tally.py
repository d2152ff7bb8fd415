"""Sums of served scores and their outcomes, by hour, version and output."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.histogram import Histogram
from evaluation.populations import counted, maturity
from pipeline.monitoring.outcomes import Columns
from pipeline.monitoring.period import HOUR
from schemas.heads import Heads, Output, outputs
from schemas.logs import CLICK_MATURE, CONVERSION_MATURE, SETTLED

# Most distinct scores of an hour that are told apart; beyond it, near ones count as equal. Their
# AUC is off by less than 1e-4 then, and an hour of an output takes 50 kB at most.
_ROOM = 2048

_VERSION_BITS = 32
_AGES = (CLICK_MATURE, CONVERSION_MATURE, SETTLED)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Scores:
    """Served scores, each impression once; [N] each.

    Attributes:
        hour: hours since 1970 in which they were served.
        version: number of the version that answered.
        shown: whether the logs have their impression.
        scores: by output, NaN where there is none.
        outcomes: what became of the impressions, NaN where not shown.
    """

    hour: Ints
    version: Ints
    shown: npt.NDArray[np.bool_]
    scores: Mapping[str, Floats]
    outcomes: Columns


@dataclasses.dataclass
class Volume:
    """How many scores were served.

    Attributes:
        rows: each impression once.
        unshown: those of them whose impression the logs do not have.
    """

    rows: int = 0
    unshown: int = 0

    def merge(self, other: "Volume") -> None:
        """Counts what another one has counted as well."""
        self.rows += other.rows
        self.unshown += other.unshown


@dataclasses.dataclass
class Sums:
    """What is known of the scores of an output.

    Attributes:
        unusable: scores that are absent, not finite, or of a rate outside 0 and 1.
        immature: rows of the output's population whose label may still change.
        rows: of its population, with a usable score and a mature label: those that are judged.
        positives: of them, how many had the event; of a value, how many are not 0.
        label: the sum of their labels.
        squares: the sum of the squares of their labels.
        predicted: the sum of their scores.
        histogram: of their scores, negatives and positives.
    """

    unusable: int = 0
    immature: int = 0
    rows: int = 0
    positives: int = 0
    label: float = 0.0
    squares: float = 0.0
    predicted: float = 0.0
    histogram: Histogram = dataclasses.field(default_factory=lambda: Histogram(2, _ROOM))

    def merge(self, other: "Sums") -> None:
        """Adds what another one has added up as well."""
        for field in dataclasses.fields(self)[:-1]:
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        self.histogram.merge(other.histogram)


# Hour and version.
Key = tuple[int, int]


class Tally:
    """Adds up scores as they come, a partition at a time.

    Args:
        heads: of the model.

    Attributes:
        volumes: by hour and version.
        sums: by hour, version and output.
    """

    def __init__(self, heads: Heads):
        # What counts is how often events came, not how much a row taught.
        self._heads = {
            name: head.model_copy(update={"weight": None}) for name, head in heads.items()
        }
        self._outputs = outputs(heads)
        self.volumes: dict[Key, Volume] = {}
        self.sums: dict[tuple[int, int, str], Sums] = {}

    def add(self, rows: Scores) -> None:
        """Adds rows; each key's are summed at once."""
        keys, group = np.unique(rows.hour << _VERSION_BITS | rows.version, return_inverse=True)
        named = [divmod(key, 1 << _VERSION_BITS) for key in keys.tolist()]
        served = np.bincount(group, minlength=len(named))
        unshown = np.bincount(group[~rows.shown], minlength=len(named))
        for key, *counts in zip(named, served.tolist(), unshown.tolist(), strict=True):
            self.volumes.setdefault(key, Volume()).merge(Volume(*counts))
        for output in self._outputs:
            for key, sums in zip(named, self._sums(output, rows, group), strict=True):
                self.sums.setdefault((*key, output.name), Sums()).merge(sums)

    def _sums(self, output: Output, rows: Scores, group: Ints) -> list[Sums]:
        """Returns the sums of one output, by group."""
        score = rows.scores[output.name]
        usable = np.isfinite(score)
        if output.kind == "rate":
            usable &= (score >= 0) & (score <= 1)
        found = counted(output, self._heads, _timeless(rows.outcomes))
        known, mature = found.kept & rows.shown, _mature(output, rows.outcomes)
        immature, judged = known & ~mature, known & mature & usable
        groups = int(group.max(initial=-1)) + 1
        label, score, of = found.label[judged], score[judged], group[judged]
        columns: dict[str, list[Any]] = {
            name: np.bincount(group[those], minlength=groups).tolist()
            for name, those in (("unusable", ~usable), ("immature", immature), ("rows", judged))
        }
        columns["positives"] = np.bincount(of[label != 0], minlength=groups).tolist()
        for name, values in (("label", label), ("squares", label**2), ("predicted", score)):
            columns[name] = np.bincount(of, values, groups).tolist()
        sums = [
            Sums(**{name: column[place] for name, column in columns.items()})
            for place in range(groups)
        ]
        if output.kind == "rate":
            _count(sums, score, label, of)
        return sums


def _count(sums: list[Sums], score: Floats, label: Floats, group: Ints) -> None:
    """Counts scores into the histogram of their group."""
    with np.errstate(divide="ignore"):
        log_odds = np.log(score) - np.log1p(-score)
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(len(sums) + 1))
    for place, one in enumerate(sums):
        own = order[bounds[place] : bounds[place + 1]]
        columns = np.stack([1 - label[own], label[own]])
        one.histogram.add(log_odds[own], np.zeros(len(own), np.int64), columns)


def _timeless(outcomes: Columns) -> Columns:
    """Returns outcomes without what says how old they are."""
    return {name: values for name, values in outcomes.items() if name not in _AGES}


def _mature(output: Output, outcomes: Columns) -> npt.NDArray[np.bool_]:
    """Returns the rows in which nothing that comes later can change the label of an output."""
    age = maturity(output)
    if age is None or age not in outcomes:  # labels that the impressions bring are what they are
        return np.ones(len(next(iter(outcomes.values()))), bool)
    return outcomes[age] == 1


def hours_of(times: Ints) -> Ints:
    """Returns in which hour since 1970 each time, in microseconds, lies."""
    return times // HOUR
