"""The tables a run ends in."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from components.model_gate.judgement import Verdict
from pipeline.quantities import count
from pipeline.results import Results


def ledger_table(ledger: Mapping[str, Any]) -> Table:
    """Returns what became of every row of every log."""
    table = Table(title="Rows", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("log")
    for name in ("read", "kept", "duplicates", "rejected", "other"):
        table.add_column(name, justify="right")
    examples = sum(ledger.get("examples", {}).values())
    for log in ("impressions", "clicks", "conversions"):
        if log not in ledger:
            continue
        counts = ledger[log]
        read = counts.get("read", 0)
        kept = examples if log == "impressions" else counts.get("joined", 0)
        duplicates = counts.get("duplicates", 0)
        rejected = sum(counts.get("rejected", {}).values())
        rest = {
            name.replace("_", " "): number
            for name, number in counts.items()
            if name not in ("read", "joined", "duplicates", "rejected") and number
        }
        other = ", ".join(f"{count(number)} {name}" for name, number in rest.items())
        table.add_row(
            log, count(read), count(kept), count(duplicates), count(rejected), other or "0"
        )
    return table


def model_table(
    results: Results, names: Sequence[str], ceilings: Mapping[str, float] | None
) -> Table:
    """Returns the figures of each output: AUC, its ceiling and baseline, calibration, log loss."""
    table = Table(
        title="Model, on held-back rows",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
    )
    table.add_column("output")
    columns = ["AUC", "calibration", "log loss", "rows"]
    if results.baseline is not None:
        columns.insert(1, "baseline AUC")
    if ceilings is not None:
        columns.insert(1, "AUC of the truth")
    for column in columns:
        table.add_column(column, justify="right")
    for name in names:
        figures = {
            "AUC": _figure(results.candidate, name, "auc"),
            "AUC of the truth": _decimal((ceilings or {}).get(name, math.nan)),
            "baseline AUC": _figure(results.baseline or {}, name, "auc"),
            "calibration": _figure(results.candidate, name, "calibration", digits=3),
            "log loss": _figure(results.candidate, name, "log_loss"),
            "rows": count(results.candidate.get((name, "example_count"), 0)),
        }
        table.add_row(name, *(figures[column] for column in columns))
    return table


def gates_table(verdicts: Sequence[Verdict]) -> Table:
    """Returns what each gate said: bar, value, verdict."""
    table = Table(title="Gates", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in ("gate", "bar"):
        table.add_column(column)
    table.add_column("value", justify="right")
    table.add_column("verdict")
    for verdict in verdicts:
        said = "[green]passed[/]" if verdict.passed else "[red]refused[/]"
        if verdict.passed and "no baseline" in verdict.reason:
            said = "no baseline yet"
        table.add_row(verdict.gate, verdict.bar, _decimal(verdict.value), said)
    return table


def _figure(
    figures: Mapping[tuple[str, str], float], output: str, metric: str, digits: int = 4
) -> str:
    return _decimal(figures.get((output, metric), math.nan), digits)


def _decimal(value: float, digits: int = 4) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"
