"""What the sums of an hour, or of a version, come to."""

import dataclasses
import datetime
import math
from collections.abc import Sequence

import numpy as np

from pipeline.monitoring import intervals
from pipeline.monitoring.period import HOUR, Period
from pipeline.monitoring.tally import Sums, Tally, Volume
from schemas.heads import Heads, Output, outputs


@dataclasses.dataclass(frozen=True)
class Ratio:
    """A figure and its 95 % interval; NaN where it cannot be told."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan


@dataclasses.dataclass(frozen=True)
class Figures:
    """What is known of the scores of one output.

    Attributes:
        output: which one.
        rows: that are judged: of its population, with a usable score and a mature label.
        immature: of its population whose label may still change: not judged.
        positives: judged rows that had the event; of a value, that are not 0.
        label: the sum of their labels.
        predicted: the sum of their scores.
        copc: label / predicted: above 1, more came than was predicted.
        auc: of a rate.
        scored: share of all that was served whose score can be used.
    """

    output: str
    rows: int
    immature: int
    positives: int
    label: float
    predicted: float
    copc: Ratio
    auc: Ratio
    scored: float


@dataclasses.dataclass(frozen=True)
class Served:
    """What was served in an hour, or by a version.

    Attributes:
        rows: scores, each impression once.
        unshown: those whose impression the logs do not have.
        outputs: figures, in the order of the outputs.
    """

    rows: int
    unshown: int
    outputs: tuple[Figures, ...]


@dataclasses.dataclass(frozen=True)
class Hour:
    """What was served in one hour.

    Attributes:
        begins: its first moment, UTC.
        whole: whether the period covers all of it.
        served: what was served.
    """

    begins: datetime.datetime
    whole: bool
    served: Served


def hours(tally: Tally, heads: Heads, period: Period) -> tuple[Hour, ...]:
    """Returns every hour from the first to the last, those without scores too."""
    known = {hour for hour, _ in tally.volumes}
    if not known:
        return ()
    first, last = min(known), max(known)
    if period.since is not None:
        first = min(first, period.since // HOUR)
    if period.ended:
        last = max(last, (period.until - 1) // HOUR)
    found = []
    for hour in range(first, last + 1):
        begins, ends = hour * HOUR, (hour + 1) * HOUR
        found.append(
            Hour(
                datetime.datetime.fromtimestamp(begins // 1_000_000, datetime.UTC),
                (period.since is None or begins >= period.since) and ends <= period.until,
                served(tally, heads, [key for key in tally.volumes if key[0] == hour]),
            )
        )
    return tuple(found)


def versions(tally: Tally, heads: Heads, names: Sequence[str]) -> dict[str, Served]:
    """Returns what each version served.

    Args:
        tally: of the whole period.
        heads: of the model.
        names: of the versions, by number.
    """
    return {
        name: served(tally, heads, [key for key in tally.volumes if key[1] == number])
        for number, name in sorted(enumerate(names), key=lambda numbered: numbered[1])
    }


def served(tally: Tally, heads: Heads, keys: Sequence[tuple[int, int]]) -> Served:
    """Returns what was served in some hours by some versions."""
    volume = Volume()
    for key in keys:
        volume.merge(tally.volumes[key])
    found = []
    for output in outputs(heads):
        sums = Sums()
        for key in keys:
            sums.merge(tally.sums[(*key, output.name)])
        found.append(_figures(output, sums, volume.rows))
    return Served(volume.rows, volume.unshown, tuple(found))


def _figures(output: Output, sums: Sums, served_rows: int) -> Figures:
    rate = output.kind == "rate"
    if rate:
        low, high = intervals.of_count(sums.label)
    else:
        low, high = intervals.of_sum(sums.label, sums.squares)
    copc = Ratio()
    if sums.predicted > 0:
        copc = Ratio(*(part / sums.predicted for part in (sums.label, low, high)))
    _, [negatives, positives] = sums.histogram.table(1)
    return Figures(
        output=output.name,
        rows=sums.rows,
        immature=sums.immature,
        positives=sums.positives,
        label=sums.label,
        predicted=sums.predicted,
        copc=copc,
        auc=Ratio(*intervals.of_auc(negatives[0], positives[0])) if rate else Ratio(),
        scored=1 - sums.unusable / served_rows if served_rows else math.nan,
    )


def median_hour(found: Sequence[Hour]) -> float:
    """Returns the median of the rows served in whole hours; NaN where there is none."""
    rows = [hour.served.rows for hour in found if hour.whole]
    return float(np.median(rows)) if rows else math.nan
