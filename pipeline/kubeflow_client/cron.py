"""The five fields of cron, when they fire, and the six fields that Kubeflow wants.

Kubeflow reads cron with github.com/robfig/cron (v1): seconds stand first and the weekday may be
left out, so that the five fields everybody knows are not refused but mean something else: of
`0 3 * * *` it makes "minute 3 of every hour". What is accepted here means the same to both.
"""

import dataclasses
import datetime
import itertools
from collections.abc import Iterator

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# Name, smallest and largest value, names of the values.
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 6, _WEEKDAYS),
)
_DAYS_AHEAD = 5 * 366  # how far Kubeflow looks for the next time


@dataclasses.dataclass(frozen=True)
class Cron:
    """When something is to run.

    Attributes:
        text: the five fields, one space between them.
        minutes, hours, days, months, weekdays: the values of each field; Sunday is 0.
        either_day: whether a day of `days` or of `weekdays` will do, as neither field has a star;
            else it must be in both.
    """

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    @property
    def with_seconds(self) -> str:
        """The six fields of Kubeflow."""
        return f"0 {self.text}"

    def after(self, moment: datetime.datetime) -> Iterator[datetime.datetime]:
        """Yields the times after `moment`, in its zone and in order, for five years."""
        first = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        left = (datetime.datetime.max.replace(tzinfo=moment.tzinfo) - first).days  # no year 10,000
        for number in range(min(_DAYS_AHEAD, left)):
            day = first + datetime.timedelta(days=number)
            if not self._on(day):
                continue
            for hour, minute in itertools.product(sorted(self.hours), sorted(self.minutes)):
                time = day.replace(hour=hour, minute=minute)
                if time > moment:
                    yield time

    def _on(self, day: datetime.datetime) -> bool:
        fits = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
        return day.month in self.months and (any(fits) if self.either_day else all(fits))


def parse_cron(text: str) -> Cron:
    """Reads five fields: minute, hour, day of the month, month, weekday.

    Each is a list of `*`, values, ranges (`1-5`) and steps (`*/15`, `9-17/2`); months and weekdays
    may be called by the first three letters of their names.

    Raises:
        ValueError: naming the field and what may stand there; or if no such day ever comes.
    """
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            "cron has five fields, minute hour day month weekday, as in '0 3 * * *' for every day "
            f"at 03:00. Received: {text!r}"
        )
    minutes, hours, days, months, weekdays = (
        _values(field, *about) for field, about in zip(fields, _FIELDS, strict=True)
    )
    starred = "*" in fields[2] + fields[4]
    found = Cron(" ".join(fields), minutes, hours, days, months, weekdays, not starred)
    # From a leap year on, so that 29 February is found.
    if not any(found.after(datetime.datetime(2024, 1, 1))):
        raise ValueError(f"cron names a day that no month has. Received: {text!r}")
    return found


def _values(field: str, name: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    """Returns the values that one field stands for."""
    try:
        parts = [_part(part, low, high, names) for part in field.lower().split(",")]
    except ValueError:
        called = f" or {names[0]} to {names[-1]}" if names else ""
        raise ValueError(
            f"the {name} of cron is *, {low} to {high}{called}, a range such as {low}-{low + 2}, a "
            f"step such as */2, or a list of those. Received: {field!r}"
        ) from None
    return frozenset().union(*parts)


def _part(part: str, low: int, high: int, names: tuple[str, ...]) -> range:
    span, slash, step = part.partition("/")
    if span == "*":
        first, last = low, high
    else:
        start, dash, end = span.partition("-")
        if slash and not dash:  # `5/15` means "from 5 on" to some and nothing to others
            raise ValueError
        first = _value(start, low, names)
        last = _value(end, low, names) if dash else first
    every = _number(step) if slash else 1
    if not (low <= first <= last <= high and every >= 1):
        raise ValueError
    return range(first, last + 1, every)


def _value(text: str, low: int, names: tuple[str, ...]) -> int:
    return low + names.index(text) if text in names else _number(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 2):  # int() takes " 5", "+5", "1_0"
        raise ValueError
    return int(text)
