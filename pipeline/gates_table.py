"""The table of what the gates said of a model."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from components.model_gate.verdicts import Verdict
from pipeline.tables import decimal, plain_table

# A gate on every value of a feature has no more lines than this.
MOST_LINES = 10
_STYLES = {"passed": "green", "refused": "red"}


def gates_table(verdicts: Sequence[Verdict]) -> Table:
    """Returns what each gate said: bar, value, half of its 95 % interval, verdict.

    Args:
        verdicts: verdicts of one gate stand together.
    """
    columns = ("gate", "bar", "value", "±", "verdict")
    if not verdicts:
        nothing = ("none", "", "", "", "every model is pushed")
        return plain_table("Gates", columns, [nothing], left=("bar", "verdict"))
    rows = [
        row
        for _, group in itertools.groupby(verdicts, key=lambda found: (found.gate, found.bar))
        for row in _rows(list(group))
    ]
    return plain_table("Gates", columns, rows, left=("bar", "verdict"))


def _rows(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, ...]]:
    """Yields the lines of one gate; of many values those that refuse come first."""
    shown = list(verdicts)
    if len(verdicts) > MOST_LINES:
        shown = sorted(verdicts, key=lambda verdict: verdict.passed)[: MOST_LINES - 1]
    for verdict in shown:
        half = "–"
        if verdict.low is not None and verdict.high is not None:
            half = decimal((verdict.high - verdict.low) / 2)
        style = _STYLES.get(verdict.said)
        said = f"[{style}]{verdict.said}[/]" if style else verdict.said
        name, bar = escape(verdict.name), escape(verdict.bar)
        yield name, bar, decimal(verdict.value), half, said
    if rest := _beyond(verdicts, shown):
        yield (
            f"and {sum(rest.values()):,} more",
            "",
            "",
            "",
            ", ".join(f"{number:,} {said}" for said, number in sorted(rest.items())),
        )


def _beyond(verdicts: Sequence[Verdict], shown: Sequence[Verdict]) -> Counter[str]:
    """Returns how many verdicts of each kind are not among those shown."""
    kinds = [
        Counter(verdict.said if verdict.spoke else "silent" for verdict in found)
        for found in (verdicts, shown)
    ]
    return kinds[0] - kinds[1]
