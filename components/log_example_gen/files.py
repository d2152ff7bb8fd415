"""Which files a run reads, found without TFX, and without Beam for local paths.

A log's path is a glob in which {SPAN} stands for a date. Clicks and conversions are also read from
the days after a span, as far as the attribution windows reach: a conversion three days later still
labels its impression.
"""

import dataclasses
import datetime
import errno
import glob
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from stat import S_ISDIR

from schemas.logs import SPAN, Attribution, Log, Logs

_DAY_GLOB = "-".join("[0-9]" * digits for digits in (4, 2, 2))
_DAY_SECONDS = 86400
BUNDLE_BYTES = 64 * 2**20


@dataclasses.dataclass(frozen=True, order=True)
class Source:
    """One file of one log.

    Attributes:
        log: impressions, clicks or conversions.
        span: the day it belongs to.
        path: where it lies.
        size: its bytes.
        modified: when it last changed, in a unit that depends on the file system.
    """

    log: str
    span: datetime.date
    path: str
    size: int
    modified: int


def sources(
    logs: Logs, spans: Sequence[datetime.date], attribution: Attribution
) -> tuple[Source, ...]:
    """Returns the files to read for `spans`, in an order that depends on their names alone.

    Raises:
        ValueError: if a span has no impressions, or a log has no file in any day it is read for.
    """
    found: list[Source] = []
    for name, log in logs.present().items():
        days = set(_days(name, spans, attribution))
        matched = {day: tuple(day_sources(name, logs.root, log, day)) for day in days}
        missing = [day for day in sorted(days) if not matched[day]]
        if missing and (name == "impressions" or len(missing) == len(days)):
            raise ValueError(
                f"no file matches {_pattern(logs.root, log, str(missing[0]))!r}, the {name} of "
                f"span {missing[0]}. Check `root` and `path` of the log, and that the span was "
                f"written; {_existing(logs)}"
            )
        found += [source for sources in matched.values() for source in sources]
    return tuple(sorted(found))


def bundles(found: Sequence[Source]) -> list[list[tuple[int, Source]]]:
    """Returns numbered sources in groups of one log and about BUNDLE_BYTES, for one worker each.

    Ten thousand small files are then a few hundred pieces of work, and one huge file is one.
    """
    groups: list[list[tuple[int, Source]]] = []
    size = 0
    for number, source in enumerate(found):
        same_log = groups and groups[-1][0][1].log == source.log
        if not same_log or size + source.size > BUNDLE_BYTES:
            groups.append([])
            size = 0
        groups[-1].append((number, source))
        size += source.size
    return groups


def find_spans(logs: Logs) -> list[datetime.date]:
    """Returns the days for which impressions exist, ascending."""
    return sorted({day for day, path, _ in dated(logs.root, logs.impressions) if _seen(path)})


def dated(root: str, log: Log) -> Iterator[tuple[datetime.date, str, int]]:
    """Yields day, path and time of change of all that a log's path matches, hidden files too."""
    named = re.compile(_day_regex(root, log.path))
    for path, _, modified in _stat(_pattern(root, log, _DAY_GLOB)):
        match = named.fullmatch(path)
        try:
            day = datetime.date.fromisoformat(match["day"] if match else "")
        except ValueError:
            continue  # 2024-02-31 looks like a day, but no span has that name
        yield day, path, modified


def fingerprint(found: Iterable[Source]) -> str:
    """Returns a digest of path, size and time of change of files.

    It enters TFX's cache key: a late conversion in a following day's file gives another one.
    """
    lines = (f"{source.log}\t{source.path}\t{source.size}\t{source.modified}\n" for source in found)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _days(
    log: str, spans: Iterable[datetime.date], attribution: Attribution
) -> Iterator[datetime.date]:
    """Yields each span and the days in which one of its events may lie."""
    before, after = 0, 0
    if log != "impressions":
        clicks = log == "clicks"
        # A conversion may seem earlier than its click, which may seem earlier than its impression.
        before = attribution.tolerance if clicks else 2 * attribution.tolerance
        after = attribution.click_reach() if clicks else attribution.conversion_reach()
    for span in spans:
        for days in range(-_whole_days(before), _whole_days(after) + 1):
            yield span + datetime.timedelta(days=days)


def _whole_days(seconds: int) -> int:
    return -(-seconds // _DAY_SECONDS)


def day_sources(name: str, root: str, log: Log, day: datetime.date) -> Iterator[Source]:
    """Yields the files of one day of the log called `name`, in no order; there may be none."""
    for path, size, modified in _stat(_pattern(root, log, str(day))):
        if _seen(path):
            yield Source(name, day, path, size, modified)


def _pattern(root: str, log: Log, day: str) -> str:
    """Returns the glob of a day; `root` is no glob, so its brackets are only brackets."""
    return os.path.join(glob.escape(root), log.path).replace(SPAN, day)


def _day_regex(root: str, path: str) -> str:
    """Translates a glob with {SPAN}s into a regular expression with a group `day`."""
    days = iter((r"(?P<day>\d{4}-\d{2}-\d{2})",))
    wild = {"*": "[^/]*", "?": "[^/]", "**/": "(?:.*/)?", "**": ".*"}
    tokens = re.split(r"(\{SPAN\}|\*\*/|\*\*|\*|\?|\[[^]]+\])", path)
    regex = [re.escape(os.path.join(root, ""))] if not os.path.isabs(path) else []
    for token in tokens:
        if token == SPAN:
            regex.append(next(days, "(?P=day)"))
        elif token.startswith("["):
            regex.append(token.replace("[!", "[^"))
        else:
            regex.append(wild.get(token) or re.escape(token))
    return "".join(regex)


def _seen(path: str) -> bool:
    """Returns whether a file is data: writers leave markers such as _SUCCESS beside the files."""
    return not os.path.basename(path).startswith(("_", "."))


def _stat(pattern: str) -> Iterator[tuple[str, int, int]]:
    """Yields path, size and time of change of the files that match."""
    return _stat_remote(pattern) if "://" in pattern else _stat_local(pattern)


def _stat_local(pattern: str) -> Iterator[tuple[str, int, int]]:
    seen: set[tuple[int, int]] = set()
    for path in sorted(glob.glob(pattern, recursive=True), key=lambda path: (len(path), path)):
        try:
            stat = os.stat(path)
        except OSError as error:  # a link that leads nowhere, say: whoever reads it tells why
            if error.errno != errno.ELOOP or "**" not in pattern:
                yield path, 0, 0
            continue
        if S_ISDIR(stat.st_mode):
            continue
        # Where links of folders lead in a circle, `**` goes round until the system refuses, and
        # finds a file some forty times.
        if "**" in pattern and (stat.st_dev, stat.st_ino) in seen:
            continue
        seen.add((stat.st_dev, stat.st_ino))
        yield path, stat.st_size, stat.st_mtime_ns


def _stat_remote(pattern: str) -> Iterator[tuple[str, int, int]]:
    from apache_beam.io.filesystems import FileSystems

    for file in FileSystems.match([pattern])[0].metadata_list:
        yield file.path, file.size_in_bytes, int((file.last_updated_in_seconds or 0) * 1_000_000)


def _existing(logs: Logs) -> str:
    spans = find_spans(logs)
    return f"impressions exist from {spans[0]} to {spans[-1]}" if spans else "no impressions exist"
