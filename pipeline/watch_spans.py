"""`run --watch`: a run whenever a day is complete, for those with a machine and no scheduler.

What was run last is kept in the work directory, so that a restart runs nothing twice. A day is run
again when the markers of its window, or the config, are others than at its last run: so a day that
was written again late is learnt from again, by the run whose window has it.
"""

import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import pydantic

from components.log_example_gen.markers import MARKER, find_markers
from components.log_example_gen.spans import choose_spans
from models.tuning.trials import write_whole
from pipeline.config import PipelineConfig
from pipeline.day_record import DayRecord
from pipeline.errors import Misuse
from pipeline.work_dir import WorkDir
from schemas.strict import Strict

# A run that fails is tried again after 1, 2, 4 polls and so on, at most after so many.
_MOST_POLLS = 64
_Markers = Mapping[str, Mapping[datetime.date, int]]


class Seen(Strict):
    """What was run last.

    Attributes:
        span: the newest day of the run.
        key: digest of the config, and of the markers of all days that the run read.
    """

    span: datetime.date
    key: str


@dataclasses.dataclass(frozen=True)
class Look:
    """What there is to do.

    Attributes:
        due: what is to be run; None if nothing is.
        waiting: what is waited for, a sentence without its final stop.
    """

    due: Seen | None
    waiting: str


def read_seen(work: WorkDir) -> Seen | None:
    """Returns what was run last; None if nothing was, or nobody can tell."""
    try:
        return Seen.model_validate_json(work.watched.read_bytes())
    except (FileNotFoundError, pydantic.ValidationError):
        return None


def look(
    config: PipelineConfig, window: int | None, seen: Seen | None, now: datetime.datetime
) -> Look:
    """Returns what there is to do.

    It is the newest complete day that is not older than what was run last. Under a warm start it
    is the oldest one since: a model then learns from each day once, one after the other.

    Args:
        config: of the pipeline.
        window: how many spans a run reads; the config's number if None.
        seen: what was run last.
        now: the moment; later days are not looked at.

    Raises:
        Misuse: if the days of a log have no folder each.
    """
    try:
        markers = find_markers(config.logs)
    except ValueError as error:
        raise Misuse(str(error)) from error
    complete = sorted(set.intersection(*(set(days) for days in markers.values())))
    waiting = ""
    for span in _candidates(config, complete, seen):
        try:
            spans = choose_spans(config.logs, config.split, span, window or config.window, now)
        except ValueError as error:
            waiting = waiting or f"{span} cannot be run: {error}"
            continue
        missing = [_missing(markers, day) for day in spans if day not in complete]
        if missing:
            waiting = waiting or f"{span} waits for {'; '.join(missing)}"
            if config.training.warm_start:  # a later one would pass over this one
                break
            continue
        due = Seen(span=span, key=_key(config, markers, spans))
        if due != seen:
            return Look(due, "")
    return Look(None, waiting or _next(markers, complete))


def _candidates(
    config: PipelineConfig, complete: Sequence[datetime.date], seen: Seen | None
) -> Iterator[datetime.date]:
    """Yields the days that may be due, the most urgent first."""
    newer = [day for day in complete if seen is None or day > seen.span]
    in_order = config.training.warm_start and seen is not None
    yield from newer if in_order else reversed(newer)
    if seen is not None and seen.span in complete:
        yield seen.span


def _key(config: PipelineConfig, markers: _Markers, spans: Sequence[datetime.date]) -> str:
    lines = [f"{log}\t{day}\t{days[day]}\n" for log, days in markers.items() for day in spans]
    return hashlib.sha256("".join([config.as_yaml(), *lines]).encode()).hexdigest()


def _missing(markers: _Markers, day: datetime.date) -> str:
    logs = [log for log, days in markers.items() if day not in days]
    return f"{MARKER} of {', '.join(logs)} of {day}"


def _next(markers: _Markers, complete: Sequence[datetime.date]) -> str:
    """Returns what is waited for where all that is complete is done."""
    begun = sorted({day for days in markers.values() for day in days})
    later = [day for day in begun if not complete or day > complete[-1]]
    if later:
        return f"waiting for {_missing(markers, later[0])}"
    if not complete:
        return f"waiting for a day with a file {MARKER} in the folder of each log"
    return f"{complete[-1]} is done: waiting for the next day"


def watch(
    look_round: Callable[[Seen | None], Look],
    work: WorkDir,
    run_day: Callable[[datetime.date], DayRecord],
    wait: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Runs what is due, again and again; ends only by what one of its arguments raises.

    A run that fails is tried again, at first after one poll and then ever more rarely, or at once
    when something changed. One that a gate refused is not: it would be refused again.

    Args:
        look_round: returns what there is to do, of what was run last.
        work: where that is kept.
        run_day: runs a day.
        wait: returns at the next poll.
        say: told what is waited for, when that changes.
    """
    failing: Seen | None = None
    pause = polls_left = 0
    said = ""
    while True:
        try:
            found = look_round(read_seen(work))
        except (Misuse, OSError) as error:
            found = Look(None, f"cannot look: {error}")
        if found.due is not None and (found.due != failing or polls_left == 0):
            said = ""
            if run_day(found.due.span).outcome != "failed":
                write_whole(work.watched, found.due.model_dump_json())
                failing, pause = None, 0
                continue
            pause = min(2 * pause, _MOST_POLLS) if found.due == failing else 1
            failing, polls_left = found.due, pause
        waiting = found.waiting
        if found.due is not None:
            waiting = f"{found.due.span} is run again after {pause} poll(s), or if its days change"
        if waiting != said:
            said = waiting
            say(said)
        wait()
        polls_left = max(0, polls_left - 1)
