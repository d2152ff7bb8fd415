"""Which served scores are looked at, and which logs tell what became of them."""

import dataclasses
import datetime

from components.log_example_gen.config import cut_off
from components.log_example_gen.files import Source, day_sources, find_spans, sources
from pipeline.config import PipelineConfig
from pipeline.errors import Misuse
from schemas.logs import Logs
from schemas.served_log import Served

HOUR = 3_600_000_000  # in microseconds, in which all times are
SERVED = "served"

_DAY = datetime.timedelta(days=1)
_MIDNIGHT = datetime.time(tzinfo=datetime.UTC)


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a person asked for.

    Attributes:
        since: served from then on; None for the newest `window` days with served scores.
        until: and before then; None for no end.
        hours: instead of `since`, so many hours before `until`, or before now.
        as_of: use only what had happened by then.
    """

    since: datetime.datetime | None
    until: datetime.datetime | None
    hours: int | None
    as_of: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Period:
    """Which scores are looked at; times in microseconds since 1970.

    Attributes:
        since: served from then on; None if the files alone say.
        until: and before then.
        ended: whether a person said when, so that an hour without scores at the end counts.
        known_until: what happened later is not known yet.
        spans: the days whose impressions are read.
        logs: the files of the logs.
        served: the files of served scores.
    """

    since: int | None
    until: int
    ended: bool
    known_until: int
    spans: tuple[datetime.date, ...]
    logs: tuple[Source, ...]
    served: tuple[Source, ...]


def resolve(config: PipelineConfig, asked: Asked) -> Period:
    """Returns what is to be read.

    A score's impression is looked for on the day on which it was served and on the next.

    Raises:
        Misuse: if the config names no served log, or there are no scores or no impressions.
    """
    log = config.served
    if log is None:
        raise Misuse(
            "the config does not say where served scores are: give `served`, as in "
            '`served: {path: "served/{SPAN}/*.parquet", id: impression_id, time: {column: time}}`'
        )
    since, until = _bounds(asked)
    days = _days(config, log, since, until)
    try:
        shown = {day + after for day in days for after in (0 * _DAY, _DAY)}
        spans = tuple(
            day for day in find_spans(config.logs) if day in shown and _begins(day) < asked.as_of
        )
        if not spans:
            raise Misuse(
                f"there are no impressions of {days[0]} to {days[-1]}, when scores were served: "
                "check logs.impressions.path and served.path"
            )
        known = cut_off(asked.as_of, spans, config.attribution)
        files = sources(config.logs, spans, config.attribution)
    except ValueError as error:
        raise Misuse(str(error)) from error
    found = [file for day in days for file in day_sources(SERVED, config.logs.root, log, day)]
    return Period(
        since=None if since is None else micros(since),
        until=micros(until),
        ended=asked.until is not None,
        known_until=micros(known),
        spans=spans,
        logs=files,
        served=tuple(sorted(found)),
    )


def micros(moment: datetime.datetime) -> int:
    """Returns a moment in microseconds since 1970."""
    return round(moment.timestamp() * 1_000_000)


def _bounds(asked: Asked) -> tuple[datetime.datetime | None, datetime.datetime]:
    until = min(asked.until or asked.as_of, asked.as_of)
    since = asked.since
    if asked.hours is not None:
        if since is not None:
            raise Misuse("--hours says when to begin, and so does --since: give one of them")
        since = until - datetime.timedelta(hours=asked.hours)
    if since is not None and since >= until:
        raise Misuse(
            f"nothing was served from {since.isoformat()} until {until.isoformat()}: --since must "
            "come before --until and --as-of"
        )
    return since, until


def _days(
    config: PipelineConfig,
    log: Served,
    since: datetime.datetime | None,
    until: datetime.datetime,
) -> list[datetime.date]:
    """Returns the days in the period that have served scores."""
    every = find_spans(Logs(root=config.logs.root, impressions=log))
    found = [day for day in every if _begins(day) < until]
    if since is None:
        found = found[-config.window :]
    else:
        found = [day for day in found if _begins(day + _DAY) > since]
    if not found:
        exist = f"they exist from {every[0]} to {every[-1]}" if every else "none exist"
        raise Misuse(
            f"no scores were served in this period: no file matches {log.path} below "
            f"{config.logs.root} on its days; {exist}. Check served.path, --since and --until"
        )
    return found


def _begins(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, _MIDNIGHT)
