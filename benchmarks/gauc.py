"""GAUC of 5 M rows and 1 M users: rows/s and peak memory of `evaluation` and of two other ways.

`ours` tells all figures of a probability, with intervals, in parts that hold whole users, as the
Evaluator does. `ranks` tells GAUC alone, in pandas, over one table; `loop` has scikit-learn tell
the AUC of each user, of a sample of them. Each runs in an interpreter of its own.

    python benchmarks/gauc.py
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.learning.interpreter import python  # noqa: E402
from benchmarks.learning.results import Results  # noqa: E402

SCALE = 10
# Ours on SCALE times the rows and users takes at most so many times the memory.
MEMORY_BAR = 1.5


def measure(candidate: str, rows: int, users: int) -> dict[str, Any]:
    """Returns what one run took."""
    return json.loads(python("benchmarks.by_user.measure", candidate, rows, users).splitlines()[-1])


def summary(runs: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Returns how the runs compare: times as fast, and growth of memory with SCALE x the rows."""
    rates = {name: run["rows"] / run["seconds"] for name, run in runs.items()}
    return {
        "times_ranks": rates["ours"] / rates["ranks"],
        "times_loop": rates["ours"] / rates["loop"],
        "memory_growth": runs["ours at scale"]["peak_mb"] / runs["ours"]["peak_mb"],
    }


def show(runs: dict[str, dict[str, Any]]) -> Table:
    """Returns the table of all runs."""
    table = Table(title=f"{os.cpu_count()} cores", title_justify="left", box=None, pad_edge=False)
    for name in ("", "rows", "s", "rows/s", "peak MB", "idle MB", "GAUC"):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for name, run in runs.items():
        table.add_row(
            name,
            f"{run['rows']:,}",
            f"{run['seconds']:.1f}",
            f"{run['rows'] / run['seconds']:,.0f}",
            f"{run['peak_mb']:,.0f}",
            f"{run['idle_mb']:,.0f}",
            f"{run['gauc']:.6f}",
        )
    return table


@click.command()
@click.option("--rows", type=click.IntRange(min=20_000), default=5_000_000, show_default=True)
@click.option("--users", type=click.IntRange(min=2_000), default=1_000_000, show_default=True)
def main(rows: int, users: int) -> None:
    """Measure figures by user."""
    if users > rows:
        raise click.UsageError(f"every user has a row. Received: {users} users, {rows} rows")
    results = Results("gauc", {"rows": rows, "users": users})
    plan = {
        "ours": ("ours", rows, users),
        "ranks": ("ranks", rows, users),
        "loop": ("loop", rows, users),
        "ours at scale": ("ours", SCALE * rows, SCALE * users),
    }
    console = Console()
    for name, task in plan.items():
        console.print(f"{name} ...", highlight=False)
        results.run(name, lambda task=task: measure(*task))
    found = summary(results.runs)
    results.write(summary=found)
    console.print(show(results.runs))
    growth = found["memory_growth"]
    verdict = "reached" if growth <= MEMORY_BAR else "MISSED"
    console.print(
        f"{verdict}: {SCALE} x the rows in at most {MEMORY_BAR} x the memory; measured "
        f"{growth:.2f}",
        highlight=False,
    )


if __name__ == "__main__":
    main()
