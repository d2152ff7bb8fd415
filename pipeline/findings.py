"""What a run found odd about its logs and its model, as lines for the terminal."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.markup import escape

from components.log_example_gen.ledger import FATES, KEPT, REJECTED
from components.log_example_gen.rejects import FILE, NOTE, ROW, why
from pipeline.quantities import count, place
from schemas.logs import EVAL, TRAIN, VALIDATION, Split, TimeSplit

_MOST = 3
_VALUE_CHARACTERS = 40
_WIDTH = len("rejected ")
_SECOND = 1_000_000  # in microseconds


def findings(ledger: Mapping[str, Any], rejects: Path, split: Split) -> Iterator[str]:
    """Yields what could not be used and what should be looked at, with rich's markup.

    A path stands at the end of its line or on one of its own. Of each kind there are three, the
    commonest reasons first, and then how many more.

    Args:
        ledger: as LogExampleGen wrote it.
        rejects: the folder of what could not be used.
        split: whose two sides should not overlap in time.
    """
    refused = sorted(_firsts(ledger, ROW), key=lambda first: -_rows(ledger, first))
    yield from _some("red", "broken", map(_broken, _firsts(ledger, FILE)))
    yield from _some("red", "rejected", (_refusal(ledger, first) for first in refused))
    yield from _some("yellow", "note", map(_note, _firsts(ledger, NOTE)))
    yield from _some("yellow", "leak?", map(_leak, ledger["suspects"]))
    yield from _some("yellow", "overlap", _overlap(ledger["moments"], split))
    kept = sum(ledger[log].get(fate, 0) for log in FATES if log in ledger for fate in KEPT)
    if ledger["firsts"] or kept:
        yield line("bold", "rejects", place(rejects))


def model_findings(diagnostics: Mapping[str, Any]) -> Iterator[str]:
    """Yields what a model started from and what went wrong in it, with rich's markup.

    Args:
        diagnostics: as the trainer wrote them.
    """
    if "warm_start" in diagnostics:
        yield _start(diagnostics["warm_start"])
    dead = [f"expert {expert} is used by no head" for expert in diagnostics.get("dead_experts", ())]
    same = [
        f"experts {one} and {other} answer alike: fewer would do"
        for one, other in diagnostics.get("same_experts", ())
    ]
    yield from _some("yellow", "experts", [*dead, *same])
    uncalibrated = [
        f"{name} has too few held-back rows to be calibrated: {fitted['rows']}, of which "
        f"{fitted['positives']} positive"
        for name, fitted in diagnostics.get("calibration", {}).items()
        if fitted["kind"] == "none"
    ]
    yield from _some("yellow", "note", uncalibrated)


def _start(found: Mapping[str, Any]) -> str:
    if "cold" in found:
        # Without a version there was nothing to go on from; with one, something was lost.
        style = "yellow" if found["version"] else "bold"
        return line(style, "start", f"cold: {found['cold']}")
    values = found["tables"].values()
    kept, new, gone = (sum(table[key] for table in values) for key in ("kept", "new", "gone"))
    return line(
        "bold",
        "start",
        f"from version {found['version']}: {count(kept)} rows kept, {count(new)} new, "
        f"{count(gone)} gone",
    )


def _firsts(ledger: Mapping[str, Any], scope: str) -> list[Mapping[str, Any]]:
    return [first for first in ledger["firsts"] if first["scope"] == scope]


def _some(style: str, tag: str, found: Iterable[str]) -> Iterator[str]:
    texts = list(found)
    for text in texts[:_MOST]:
        yield line(style, tag, text)
    if len(texts) > _MOST:
        yield line(style, "", f"and {len(texts) - _MOST} more")


def line(style: str, tag: str, text: str) -> str:
    """Returns a line for the terminal: what it is about, in a style of rich, and then a text."""
    return f"[{style}]{tag:{_WIDTH}}[/]{escape(text)}"


def _broken(first: Mapping[str, Any]) -> str:
    return f"a file of {first['log']} {first['reason']}{_where(first)}"


def _rows(ledger: Mapping[str, Any], first: Mapping[str, Any]) -> int:
    rejected: Mapping[str, int] = ledger[first["log"]][REJECTED]
    return rejected[why(ROW, first["column"], first["reason"])]


def _refusal(ledger: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    column = f"{first['column']}: " if first["column"] else ""
    value = first["value"]
    if value is not None:
        short = value[:_VALUE_CHARACTERS]
        value = f", shaped like {short!r}{'…' if short != value else ''}"
    rows = count(_rows(ledger, first))
    return f"{rows} {first['log']}: {column}{first['reason']}{value or ''}{_where(first)}"


def _note(first: Mapping[str, Any]) -> str:
    about = f", column {first['column']!r}" if first["column"] else ""
    return f"{first['log']}{about}: {first['reason']}{_where(first)}"


def _where(first: Mapping[str, Any]) -> str:
    """Returns, on a line of its own, the file and the line or row in it, as compilers write it."""
    file = first["file"] if "://" in first["file"] else place(Path(first["file"]))
    row = "" if first["row"] is None else f":{first['row']}"
    return f"\n{'':{_WIDTH}}{file}{row}"


def _leak(suspect: Mapping[str, Any]) -> str:
    return (
        f"{suspect['feature']} alone ranks {suspect['label']} with AUC {suspect['auc']:.4f} on "
        f"{count(suspect['rows'])} held-back rows: is it known before the event?"
    )


def _overlap(moments: Mapping[str, tuple[int, int]], split: Split) -> Iterator[str]:
    if not isinstance(split, TimeSplit):
        return
    for name, held_back in ((VALIDATION, "validation impression"), (EVAL, "evaluated one")):
        if {TRAIN, name} <= moments.keys():
            ahead = moments[TRAIN][1] - moments[name][0]
            if ahead > 0:
                yield (
                    "training impressions reach "
                    f"{datetime.timedelta(seconds=-(-ahead // _SECOND))} past the first "
                    f"{held_back}: rows lie in folders of other days"
                )
