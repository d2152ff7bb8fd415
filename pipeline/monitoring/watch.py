"""Watches what is served: scores joined with the outcomes that came later, hour by hour.

Outcomes come from the three logs by the very rules that label the examples of a run. Served scores
meet them partition by partition, so that memory holds one partition and some sums an hour.
"""

import collections
import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.log_example_gen import partition
from components.log_example_gen.events import ID, PLACE, TIME
from components.log_example_gen.spill import read_segments
from pipeline.config import PipelineConfig
from pipeline.errors import Misuse
from pipeline.monitoring.alerts import Alert, alerts
from pipeline.monitoring.figures import Hour, Served, hours, served, versions
from pipeline.monitoring.outcomes import OutcomeReader, Outcomes
from pipeline.monitoring.period import SERVED, Asked, Period, resolve
from pipeline.monitoring.served import Reading, read_served
from pipeline.monitoring.tally import Scores, Tally, hours_of
from schemas.served_log import MODEL_VERSION

# Where a served log does not say which version answered.
UNNAMED = "(not told)"


@dataclasses.dataclass(frozen=True)
class Watched:
    """What was found.

    Attributes:
        period: which scores were looked at.
        total: what was served in the whole period.
        hours: from the first to the last.
        versions: what each version served.
        answered: the outputs that the served log has columns of.
        repeated: scores of an impression that had one already: not counted.
        left_out: rows that could not be used, by reason.
        alerts: what is out of band.
    """

    period: Period
    total: Served
    hours: tuple[Hour, ...]
    versions: Mapping[str, Served]
    answered: tuple[str, ...]
    repeated: int
    left_out: Mapping[str, int]
    alerts: tuple[Alert, ...]


def watch(config: PipelineConfig, asked: Asked, work: Path) -> Watched:
    """Joins served scores with their outcomes and judges them.

    Args:
        config: of the pipeline.
        asked: which scores.
        work: a folder, in which rows wait for their turn in a folder that goes at the end.

    Raises:
        Misuse: if there are no scores to look at, or none has an impression.
        RunFailed: if files cannot be read.
    """
    period = resolve(config, asked)
    assert config.served is not None  # `resolve` has seen to it
    config.served.check(config.logs.impressions)
    partitions = partition.count([*period.logs, *period.served])
    tally = Tally(config.heads)
    names: dict[str, int] = {}
    repeated = 0
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".monitor-", dir=work) as folder:
        found = read_served(
            period.served,
            Reading(
                config.served, config.outputs(), period.since, period.until, partitions, folder
            ),
        )
        outcomes = OutcomeReader(config, period, partitions, Path(folder))
        waiting = outcomes.read()
        for number in sorted(found.segments):
            segments = [*found.segments[number], *waiting.get(number, [])]
            tables = read_segments(segments)
            rows = tables.pop(SERVED)
            scores = _first(rows)
            repeated += rows.num_rows - scores.num_rows
            became = outcomes.label(number, tables)
            tally.add(_joined(scores, became, config.outputs(), names))
    _check(tally, period, found.left_out)
    by_hour = hours(tally, config.heads, period)
    by_version = versions(tally, config.heads, list(names))
    answered = tuple(name for name in config.outputs() if name in found.answered)
    total = served(tally, config.heads, list(tally.volumes))
    told = alerts(by_hour, total, by_version, config.monitor, answered)
    return Watched(
        period=period,
        total=total,
        hours=by_hour,
        versions=by_version,
        answered=answered,
        repeated=repeated,
        left_out=dict(found.left_out),
        alerts=told,
    )


def _first(served: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the earliest score of each impression."""
    order = np.lexsort([np.asarray(served[name]) for name in (PLACE, TIME)])
    ordered = served.take(pa.array(order))
    _, first = np.unique(np.asarray(ordered[ID].dictionary_encode().indices), return_index=True)
    return ordered.take(pa.array(np.sort(first)))


def _joined(
    scores: pa.RecordBatch, became: Outcomes, outputs: tuple[str, ...], names: dict[str, int]
) -> Scores:
    """Joins scores with outcomes by id; versions met for the first time get the next number."""
    where = pc.index_in(scores[ID], became.ids)
    shown = np.asarray(where.is_valid())
    places = np.asarray(where.fill_null(0))
    version = scores[MODEL_VERSION].fill_null(UNNAMED).dictionary_encode()
    numbers = [names.setdefault(name, len(names)) for name in version.dictionary.to_pylist()]
    outcomes = {}
    for name, values in became.columns.items():
        outcomes[name] = np.full(len(shown), np.nan)
        outcomes[name][shown] = values[places[shown]]
    return Scores(
        hour=hours_of(np.asarray(scores[TIME])),
        version=np.asarray(numbers, np.int64)[np.asarray(version.indices)],
        shown=shown,
        scores={name: np.asarray(scores[f"{{{name}}}"].fill_null(np.nan)) for name in outputs},
        outcomes=outcomes,
    )


def _check(tally: Tally, period: Period, left_out: collections.Counter[str]) -> None:
    rows = sum(volume.rows for volume in tally.volumes.values())
    if not rows:
        said = ", ".join(f"{count} ({why})" for why, count in sorted(left_out.items()))
        raise Misuse(
            f"the {len(period.served)} file(s) of served scores have no row in this period. "
            f"Left out were: {said or 'none'}. Check served.time, --since and --until"
        )
    if rows == sum(volume.unshown for volume in tally.volumes.values()):
        raise Misuse(
            f"none of {rows} served scores has an impression in the logs of {period.spans[0]} to "
            f"{period.spans[-1]}: check that served.id and logs.impressions.id name the same ids"
        )
