"""Which figures are out of band, beyond what may be chance."""

import dataclasses
import datetime
import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from pipeline.monitoring import intervals
from pipeline.monitoring.figures import Hour, Served, median_hour
from schemas.monitoring import Band, Monitor

COPC, AUC, VOLUME, SCORED = "COPC", "AUC", "volume", "scored"


@dataclasses.dataclass(frozen=True)
class Alert:
    """A figure that is out of band.

    Attributes:
        measure: COPC, AUC, volume or scored.
        output: of which output; "" for volume.
        bar: as written.
        value: the figure.
        low: lower end of its interval.
        high: upper end.
        hour: in which; None if it is of the whole period.
        version: of which; None if it is of all of them.
    """

    measure: str
    output: str
    bar: str
    value: float
    low: float
    high: float
    hour: datetime.datetime | None = None
    version: str | None = None


def alerts(
    found: Sequence[Hour],
    total: Served,
    versions: Mapping[str, Served],
    monitor: Monitor,
    answered: Collection[str],
) -> tuple[Alert, ...]:
    """Returns what is out of band: by hour, in the whole period, by version if there are several.

    What is wrong by little, or where few events come, shows in no hour but in all of them.

    Args:
        found: the hours.
        total: what was served in all of them.
        versions: what each version served.
        monitor: the bars.
        answered: the outputs that the served log has columns of: no other is judged.
    """
    told: list[Alert] = []
    median = median_hour(found)
    for hour in found:
        told += [
            dataclasses.replace(alert, hour=hour.begins)
            for alert in (
                *_of_volume(hour, monitor.volume, median),
                *_of_outputs(hour.served, monitor, answered),
            )
        ]
    if len(found) > 1:
        told += _of_outputs(total, monitor, answered)
    for name, served in versions.items() if len(versions) > 1 else ():
        told += [
            dataclasses.replace(alert, version=name)
            for alert in _of_outputs(served, monitor, answered)
        ]
    return tuple(told)


def _of_volume(hour: Hour, band: Band | None, median: float) -> Iterator[Alert]:
    if band is None or not hour.whole or math.isnan(median):
        return
    rows = hour.served.rows
    low, high = intervals.of_count(rows)
    if band.misses(low, high, median):
        yield Alert(VOLUME, "", band.text, rows, low, high)


def _of_outputs(served: Served, monitor: Monitor, answered: Collection[str]) -> Iterator[Alert]:
    for figures in served.outputs:
        if figures.output not in answered:
            continue
        scored, bar = figures.scored, monitor.scored
        if bar is not None and bar.misses(scored, scored):
            yield Alert(SCORED, figures.output, bar.text, scored, scored, scored)
        # Without events there is something to tell where many were predicted.
        enough = max(figures.label, figures.predicted) >= monitor.min_positives
        for measure, bar, ratio, speaks in (
            (COPC, monitor.copc, figures.copc, enough),
            (AUC, monitor.auc, figures.auc, figures.positives >= monitor.min_positives),
        ):
            if bar is not None and speaks and bar.misses(ratio.low, ratio.high):
                yield Alert(measure, figures.output, bar.text, ratio.value, ratio.low, ratio.high)
