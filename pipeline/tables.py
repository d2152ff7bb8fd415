"""The tables a run ends in."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import render
from rich.table import Table

from components.model_gate.judgement import Verdict
from pipeline.quantities import count

if TYPE_CHECKING:
    from pipeline.results import Results


def ledger_table(ledger: Mapping[str, Any]) -> Table:
    """Returns what became of every row of every log."""
    examples = sum(ledger.get("examples", {}).values())
    rows = []
    for log in ("impressions", "clicks", "conversions"):
        if log not in ledger:
            continue
        counts = ledger[log]
        kept = examples if log == "impressions" else counts.get("joined", 0)
        rejected = sum(counts.get("rejected", {}).values())
        other = ", ".join(
            f"{count(number)} {name.replace('_', ' ')}"
            for name, number in counts.items()
            if name not in ("read", "joined", "duplicates", "rejected") and number
        )
        numbers = (counts.get("read", 0), kept, counts.get("duplicates", 0), rejected)
        rows.append((log, *map(count, numbers), other or "0"))
    return _table("Rows", ("log", "read", "kept", "duplicates", "rejected", "other"), rows)


def model_table(
    results: "Results", names: Sequence[str], ceilings: Mapping[str, float] | None
) -> Table:
    """Returns the figures of each output: AUC, its ceiling and baseline, calibration, log loss."""
    columns = ["AUC", "calibration", "log loss", "rows"]
    if results.baseline is not None:
        columns.insert(1, "baseline AUC")
    if ceilings is not None:
        columns.insert(1, "AUC of the truth")
    rows = []
    for name in names:
        figures = {
            "AUC": _figure(results.candidate, name, "auc"),
            "AUC of the truth": _decimal((ceilings or {}).get(name, math.nan)),
            "baseline AUC": _figure(results.baseline or {}, name, "auc"),
            "calibration": _figure(results.candidate, name, "calibration", digits=3),
            "log loss": _figure(results.candidate, name, "log_loss"),
            "rows": count(results.candidate.get((name, "example_count"), 0)),
        }
        rows.append((name, *(figures[column] for column in columns)))
    return _table("Model, on held-back rows", ("output", *columns), rows)


def gates_table(verdicts: Sequence[Verdict]) -> Table:
    """Returns what each gate said: bar, value, verdict."""
    rows = []
    for verdict in verdicts:
        said = "[green]passed[/]" if verdict.passed else "[red]refused[/]"
        if verdict.passed and "no baseline" in verdict.reason:
            said = "no baseline yet"
        rows.append((verdict.gate, verdict.bar, _decimal(verdict.value), said))
    return _table("Gates", ("gate", "bar", "value", "verdict"), rows, left=("bar", "verdict"))


def _table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: Sequence[str] = (),
) -> Table:
    """Returns a table whose first column and those in `left` stand left, the others right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        words = " ".join(render(text).plain for text in (column, *(row[place] for row in rows)))
        table.add_column(
            column,
            justify="left" if place == 0 or column in left else "right",
            # Where the terminal is narrow, lines break between words: a number is never cut.
            min_width=max(map(len, words.split())),
        )
    for row in rows:
        table.add_row(*row)
    return table


def _figure(
    figures: Mapping[tuple[str, str], float], output: str, metric: str, digits: int = 4
) -> str:
    return _decimal(figures.get((output, metric), math.nan), digits)


def _decimal(value: float, digits: int = 4) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"
