"""LogGate: fails when too much of the logs could not be used, and says what and why.

A step of its own, after LogExampleGen: TFX deletes what a failed step wrote, and the rejects are
what a user then needs.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tfx.dsl.component.experimental.annotations import InputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio

from components.log_example_gen.artifacts import LogLedger, LogRejects
from components.log_example_gen.ledger import EXAMPLES, FATES, ORPHANS
from components.log_example_gen.rejects import FILE, ROW, why
from components.refusal import Refusal
from schemas.logs import Limits
from schemas.share import share_text

_REASONS = 3


def objections(ledger: Mapping[str, Any], limits: Limits) -> list[str]:
    """Returns a sentence, without its final stop, for each limit that the logs exceed.

    Args:
        ledger: as ledger.json holds it.
        limits: how much may be unusable.
    """
    logs = [log for log in FATES if log in ledger]
    found = []
    broken = sum(ledger["broken_files"].values())
    if broken > limits.max_broken_files:
        firsts = [first for first in ledger["firsts"] if first["scope"] == FILE]
        found.append(
            f"{broken} file(s) cannot be read to the end, more than max_broken_files, "
            f"{limits.max_broken_files}: {_several([_broken(first) for first in firsts])}"
        )
    for log in logs:
        rejected, read = sum(ledger[log]["rejected"].values()), ledger[log]["read"]
        if _exceeds(rejected, read, limits.max_rejects):
            found.append(
                f"{rejected:,} of {read:,} rows of the {log} log are malformed, more than "
                f"max_rejects, {_limit(limits.max_rejects)}: {_several(_reasons(ledger, log))}"
            )
    for log in (log for log in logs if ORPHANS in ledger[log]):
        orphans, read = ledger[log][ORPHANS], ledger[log]["read"]
        if _exceeds(orphans, read, limits.max_orphans):
            found.append(
                f"{orphans:,} of {read:,} {log} match no impression, more than max_orphans, "
                f"{_limit(limits.max_orphans)}"
            )
    return found


def empty_splits(ledger: Mapping[str, Any]) -> list[str]:
    """Returns a sentence, without its final stop, for each split that has no example."""
    fates = dict(ledger["impressions"])
    read = fates.pop("read")
    fates["rejected"] = sum(fates["rejected"].values())
    became = ", ".join(f"{rows:,} {fate}" for fate, rows in fates.items() if rows) or "none"
    return [
        f"split {split!r} has no example (of {read:,} impressions: {became.replace('_', ' ')}). "
        "Read more spans, or change `split`"
        for split in ledger["splits"]
        if not ledger.get(EXAMPLES, {}).get(split)
    ]


def _exceeds(count: int, of: int, limit: int | float) -> bool:
    # Rounded, for 29% of 100 rows are 28.999999999999996.
    return count > (limit if isinstance(limit, int) else round(limit * of, 6))


def _limit(limit: int | float) -> str:
    return f"{limit:,}" if isinstance(limit, int) else share_text(limit)


def _several(sentences: Sequence[str]) -> str:
    more = len(sentences) - _REASONS
    return "; ".join([*sentences[:_REASONS], *([f"and {more} more reasons"] if more > 0 else [])])


def _broken(first: Mapping[str, Any]) -> str:
    after = "" if first["row"] is None else f", after row {first['row']}"
    return f"{first['file']} {first['reason']}{after}"


def _reasons(ledger: Mapping[str, Any], log: str) -> list[str]:
    """Returns why rows were refused, the commonest first, each with the first such row."""
    counts = ledger[log]["rejected"]
    firsts = [first for first in ledger["firsts"] if (first["log"], first["scope"]) == (log, ROW)]
    told = {why(ROW, first["column"], first["reason"]): first for first in firsts}
    return [
        f"{reason} ({counts[reason]:,}), as in {_example(told[reason])}"
        for reason in sorted(told, key=lambda reason: -counts[reason])
    ]


def _example(first: Mapping[str, Any]) -> str:
    value = "" if first["value"] is None else f", shaped like {first['value']!r}"
    return f"{first['file']}, row {first['row']}{value}"


@component
def LogGate(
    ledger: InputArtifact[LogLedger],
    rejects: InputArtifact[LogRejects],
    limits: Parameter[str],
) -> None:
    """Fails the run if the logs exceed a limit.

    Args:
        ledger: what became of every row.
        rejects: the rows that could not be used.
        limits: `schemas.logs.Limits` as JSON.

    Raises:
        Refusal: one sentence for each limit, with the commonest reasons, and for each split
            without examples.
    """
    with fileio.open(f"{ledger.uri}/ledger.json") as file:
        told = json.loads(file.read())
    found = objections(told, Limits.model_validate_json(limits))
    way_out = (
        f"All of it is in {rejects.uri}. Mend the logs, or raise the config's `limits` if they are "
        "right"
        if found
        else ""
    )
    empty = empty_splits(told)
    if found or empty:
        sentence = ". ".join([*found, *filter(None, [way_out]), *empty])
        raise Refusal(sentence, [*found, *empty], way_out)
