"""The command `backfill`: a run for each of several days, oldest first, of which some are done."""

import dataclasses
import datetime
from collections.abc import Callable, Sequence
from typing import Literal

from rich.markup import escape
from rich.table import Table

from components.atomic_pusher.versions import standing
from components.log_example_gen.files import find_spans
from components.log_example_gen.spans import choose_spans
from pipeline.config import PipelineConfig
from pipeline.day_record import DayRecord, made_from, read_day
from pipeline.errors import Misuse
from pipeline.preflight import resolve_inputs
from pipeline.tables import plain_table
from pipeline.work_dir import WorkDir

_ONE_DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Day:
    """What became of a day.

    Attributes:
        span: the day.
        when: it was run: now, earlier, or never.
        record: what the run came to; None without one.
        empty: whether it has no impressions.
    """

    span: datetime.date
    when: Literal["now", "earlier", "never"]
    record: DayRecord | None = None
    empty: bool = False

    @property
    def passed(self) -> bool:
        """Whether there is nothing left to do for it."""
        return self.empty or (self.record is not None and self.record.outcome == "pushed")


def backfill(
    config: PipelineConfig,
    work: WorkDir,
    first: datetime.date,
    last: datetime.date,
    window: int | None,
    keep_going: bool,
    run_day: Callable[[datetime.date], DayRecord],
) -> list[Day]:
    """Runs each day from `first` to `last` that is not done; returns what became of all.

    A day is done if its last run was pushed or refused, and a run would read the same files with
    the same config, schema and code, and go on from the same model. A refused day does not stop
    the others, for what is served stays; a failed one does.

    Args:
        config: of the pipeline.
        work: where the runs write.
        first: the oldest day.
        last: the newest.
        window: how many spans a run reads; the config's number if None.
        keep_going: whether to go on after a day that failed.
        run_day: runs a day.

    Raises:
        Misuse: if no day has impressions, or the first cannot be run.
    """
    wanted = [first + _ONE_DAY * number for number in range((last - first).days + 1)]
    there = set(find_spans(config.logs))
    _check(config, [day for day in wanted if day in there], first, last, window)
    found: list[Day] = []
    for span in wanted:
        if span not in there:
            found.append(Day(span, "never", empty=True))
        elif not keep_going and any(_failed(day) for day in found):
            found.append(Day(span, "never"))
        else:
            found.append(_bring_about(config, work, span, window, run_day))
    return found


def _check(
    config: PipelineConfig,
    spans: Sequence[datetime.date],
    first: datetime.date,
    last: datetime.date,
    window: int | None,
) -> None:
    """Raises Misuse if there is nothing to run, or the window of the first day cannot be used."""
    if last < first:
        raise Misuse(f"--to {last} lies before --from {first}: give the older date as --from")
    if not spans:
        raise Misuse(f"there are no impressions from {first} to {last}: give other dates")
    now = datetime.datetime.now(datetime.UTC)
    try:
        choose_spans(config.logs, config.split, spans[0], window or config.window, now)
    except ValueError as error:
        raise Misuse(f"{spans[0]} cannot be run: {error}. Or give a later --from") from error


def _bring_about(
    config: PipelineConfig,
    work: WorkDir,
    span: datetime.date,
    window: int | None,
    run_day: Callable[[datetime.date], DayRecord],
) -> Day:
    """Runs a day unless that is done."""
    try:
        inputs = resolve_inputs(config, span, window)
    except Misuse as error:
        failure = DayRecord(
            span=span, run="", made_from="", outcome="failed", reasons=(str(error),)
        )
        return Day(span, "now", failure)
    record = read_day(work, span)
    wanted = made_from(config, inputs, work)
    if record is not None and record.outcome != "failed" and record.made_from == wanted:
        return Day(span, "earlier", record)
    return Day(span, "now", run_day(span))


def _failed(day: Day) -> bool:
    return day.record is not None and day.record.outcome == "failed"


def backfill_table(work: WorkDir, days: Sequence[Day]) -> Table:
    """Returns what became of each day: when it was run, its version, and what keeps it back."""
    rows = [(str(day.span), day.when, *_told(work, day)) for day in days]
    return plain_table("Backfill", ("span", "run", "model", "version", "why"), rows, left=("why",))


def _told(work: WorkDir, day: Day) -> tuple[str, str, str]:
    if day.record is None:
        return ("no impressions" if day.empty else "not reached", "", "")
    record = day.record
    if record.version is None:
        more = f" and {len(record.reasons) - 1} more" if len(record.reasons) > 1 else ""
        return record.outcome, "", escape("".join(record.reasons[:1])) + more
    return standing(str(work.serving / record.version)), record.version, ""
