"""From impressions to conversions: how many rows are left at each step of the funnel."""

import dataclasses
from collections.abc import Mapping

from components.run_report.facts_of_data import Funnel
from schemas.heads import Heads, path

IMPRESSIONS = "impressions"
# Of a log's fates: all its rows, and those that are used.
_READ = "read"
_KEPT = {IMPRESSIONS: "examples"}


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of the funnel.

    Attributes:
        label: what happened.
        head: whose event it is; "" for the impressions.
        rows: to which it happened.
        of: what the share is of.
        share: of those, or None for the impressions.
        width: of the impressions, in [0, 1].
        depth: how many events come before.
        by_split: rows and share of each split.
    """

    label: str
    head: str
    rows: int
    of: str
    share: float | None
    width: float
    depth: int
    by_split: Mapping[str, tuple[int, float | None]]


def steps(funnel: Funnel, heads: Heads) -> tuple[Step, ...]:
    """Returns the steps: the impressions, then the events of heads that are rates, parents first.

    Only events that the examples' counts tell of are steps.
    """
    splits = tuple(funnel.rows)
    whole = sum(funnel.rows.values())
    found = [
        Step(IMPRESSIONS, "", whole, "", None, 1.0, 0, {s: (funnel.rows[s], None) for s in splits})
    ]
    for name in sorted(heads, key=lambda name: path(heads, name)):
        label = heads[name].label
        counts = {split: funnel.positives.get(split, {}).get(label) for split in splits}
        if heads[name].kind != "rate" or all(count is None for count in counts.values()):
            continue
        rows = {split: count or 0 for split, count in counts.items()}
        parent = heads[name].given
        above = heads[parent].label if parent else None
        of = {
            s: funnel.positives.get(s, {}).get(above, 0) if above else funnel.rows[s]
            for s in splits
        }
        total = sum(rows.values())
        found.append(
            Step(
                label,
                name,
                total,
                above or IMPRESSIONS,
                _ratio(total, sum(of.values())),
                _ratio(total, whole) or 0.0,
                len(path(heads, name)),
                {split: (rows[split], _ratio(rows[split], of[split])) for split in splits},
            )
        )
    return tuple(found)


def fates(funnel: Funnel) -> tuple[tuple[str, tuple[int | None, ...]], ...]:
    """Returns what became of the rows: a name, and a count for each log; kept ones second.

    What happened to no row of any log is left out, and None stands where it cannot happen.
    """
    table: dict[str, dict[str, int]] = {_READ: {}, "kept": {}, "rejected": {}}
    for log, counts in funnel.logs.items():
        for fate, rows in counts.items():
            name = "kept" if fate == _KEPT.get(log, "joined") else fate
            table.setdefault(name, {})[log] = rows
        table["rejected"][log] = sum(funnel.rejected.get(log, {}).values())
    return tuple(
        (name.replace("_", " "), tuple(rows.get(log) for log in funnel.logs))
        for name, rows in table.items()
        if name in (_READ, "kept") or any(rows.values())
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
