"""The tables a run ends in."""

import json
import math
import operator
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape, render
from rich.measure import Measurement
from rich.table import Table

from components.log_example_gen.ledger import FATES
from models.tuning.config import TuningConfig
from models.tuning.trials import Trial
from pipeline.quantities import count


def ledger_table(ledger: Mapping[str, Any]) -> Table:
    """Returns what became of every row of every log: one column a log, one line a fate."""
    logs = [log for log in FATES if log in ledger]
    columns = []
    for log in logs:
        fates = dict(ledger[log])
        kept = fates.pop("examples" if log == "impressions" else "joined")
        rejected = sum(fates.pop("rejected").values())
        columns.append({"read": fates.pop("read"), "kept": kept, "rejected": rejected, **fates})
    rows = [
        (fate.replace("_", " "), *(count(column.get(fate, 0)) for column in columns))
        for fate in dict.fromkeys(fate for column in columns for fate in column)
        if fate in ("read", "kept") or any(column.get(fate) for column in columns)
    ]
    return plain_table("Rows", ("", *logs), rows)


def seesaw_table(seesaw: Mapping[str, Mapping[str, float]]) -> Table:
    """Returns what sharing gives or takes: each output's AUC beside that of a model of its own."""
    rows = [
        (name, decimal(f["auc"]), decimal(f["alone"]), f"{f['difference']:+.4f}")
        for name, f in seesaw.items()
    ]
    return plain_table("Beside each head alone", ("output", "AUC", "alone", "difference"), rows)


def trials_table(trials: Sequence[Trial], tuning: TuningConfig, width: int) -> Table:
    """Returns the trials of a search: the metric, its spread over the seeds, seconds, values.

    Args:
        trials: in the order of the table.
        tuning: what was searched.
        width: of the terminal; where a column a key does not fit, all values stand in one.
    """
    names = short_names(tuning.space)
    heads, rows = ["trial", tuning.metric, "±", "seconds"], []
    for trial in trials:
        figures = ["failed", "", count(trial.seconds)]
        if trial.failure is None:
            figures[:2] = decimal(trial.mean), decimal(trial.spread)
        rows.append([str(trial.number + 1), *figures])
    values = [[value_text(trial.values[key]) for key in names] for trial in trials]
    columns = [name.replace("_", "\n") for name in names.values()]
    widths = [
        max(len(line) for text in column for line in text.split("\n"))
        for column in zip((*heads, *columns), *map(operator.add, rows, values), strict=True)
    ]
    if sum(widths) + len(widths) > width:
        columns = ["values"]
        values = [
            [", ".join(map(" ".join, zip(names.values(), row, strict=True)))] for row in values
        ]
    cells = [[*row, *map(escape, texts)] for row, texts in zip(rows, values, strict=True)]
    return plain_table("Trials", (*heads, *columns), cells, left=("values",))


def short_names(keys: Collection[str]) -> dict[str, str]:
    """Returns the last part of each dotted key, or the whole where two have the same."""
    lasts = [key.rpartition(".")[2] for key in keys]
    return {
        key: last if lasts.count(last) == 1 else key for key, last in zip(keys, lasts, strict=True)
    }


def value_text(value: Any) -> str:
    """Returns a value of a search as people write it: `ple levels=2`, `[128, 64]`, `0.003`."""
    if isinstance(value, dict) and "kind" in value:
        rest = {key: other for key, other in value.items() if key != "kind"}
        return " ".join([value["kind"], *(f"{key}={value_text(rest[key])}" for key in rest)])
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value)


class _Fitted(Table):
    """A table that gives up room between its columns before it breaks their lines."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.collapse_padding = False
        wide = Measurement.get(console, options.update(max_width=sys.maxsize), self).maximum
        self.collapse_padding = wide > options.max_width
        yield from super().__rich_console__(console, options)


def plain_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: Sequence[str] = (),
) -> Table:
    """Returns a table whose first column and those in `left` stand left, the others right."""
    table = _Fitted(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        cells = [render(text).plain for text in (column, *(row[place] for row in rows))]
        widest = max((len(word) for cell in cells for word in cell.split()), default=1)
        table.add_column(
            column,
            justify="left" if place == 0 or column in left else "right",
            # Where the terminal is narrow, lines break between words, and within the names of the
            # first column, so that no number is ever cut.
            min_width=widest if place else None,
            no_wrap=place > 0 and max(map(len, cells)) == widest,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*row)
    return table


def decimal(value: float, digits: int = 4) -> str:
    """Returns a number for a table; a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"
