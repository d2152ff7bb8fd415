"""Evaluation of 5 M rows and 1 M users through Beam: rows/s and peak memory, beside TFMA's own way.

`ours` is our Evaluator: all figures of three outputs, GAUC among them, with intervals, of two
models, overall and by device. `peer` is what TFX's Evaluator runs: TFMA's extractors and three of
its metrics of one output, on fewer rows. Each runs in an interpreter of its own. The models read
their answers from the examples, so that what is measured is evaluation. Seconds include what a run
of any size takes, some 5 s of ours: the peer's rate would be somewhat higher on more rows.

    python benchmarks/evaluator.py
"""

import hashlib
import json
import os
import sys
import tempfile
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
# Ours on SCALE times the rows and users takes at most so many times the memory, and is so many
# times as fast as the peer at least.
MEMORY_BAR, PEER_BAR = 1.5, 10.0


def examples(data: Path, rows: int, users: int) -> Path:
    """Returns the folder of so many examples, written unless it is there."""
    source = ROOT / "benchmarks" / "evaluating" / "rows.py"
    version = hashlib.sha256(source.read_bytes()).hexdigest()[:8]
    folder = data / f"{rows}-{users}-{version}"
    if not folder.is_dir():
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=data) as incomplete:
            made = Path(incomplete, "made").resolve()
            python("benchmarks.evaluating.rows", made, "--rows", rows, "--users", users)
            made.rename(folder)
    return folder


def measure(data: Path, candidate: str, rows: int, users: int) -> dict[str, Any]:
    """Returns what one run took."""
    folder = examples(data, rows, users).resolve()
    with tempfile.TemporaryDirectory(dir=data) as out:
        printed = python("benchmarks.evaluating.measure", candidate, folder, Path(out).resolve())
    return json.loads(printed.splitlines()[-1])


def summary(runs: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Returns times as fast as the peer, and growth of memory with SCALE x the rows."""
    rates = {name: run["rows"] / run["seconds"] for name, run in runs.items()}
    return {
        "times_peer": rates["ours at scale"] / rates["peer"],
        "memory_growth": runs["ours at scale"]["peak_mb"] / runs["ours"]["peak_mb"],
    }


def show(runs: dict[str, dict[str, Any]]) -> Table:
    """Returns the table of all runs."""
    table = Table(title=f"{os.cpu_count()} cores", title_justify="left", box=None, pad_edge=False)
    for name in ("", "rows", "s", "rows/s", "peak MB", "idle MB", "AUC", "GAUC"):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for name, run in runs.items():
        table.add_row(
            name,
            f"{run['rows']:,.0f}",
            f"{run['seconds']:.1f}",
            f"{run['rows'] / run['seconds']:,.0f}",
            f"{run['peak_mb']:,.0f}",
            f"{run['idle_mb']:,.0f}",
            f"{run['auc']:.5f}",
            f"{run['gauc']:.5f}" if "gauc" in run else "-",
        )
    return table


@click.command()
@click.option("--rows", type=click.IntRange(min=1000), default=5_000_000, show_default=True)
@click.option("--users", type=click.IntRange(min=100), default=1_000_000, show_default=True)
@click.option("--peer-rows", type=click.IntRange(min=1000), default=20_000, show_default=True)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=ROOT / "runs" / "bench" / "evaluation",
    help="folder of the examples, kept for the next time  [default: runs/bench/evaluation]",
)
def main(rows: int, users: int, peer_rows: int, data: Path) -> None:
    """Measure evaluation."""
    results = Results("evaluator", {"rows": rows, "users": users, "peer_rows": peer_rows})
    plan = {
        "peer": ("peer", peer_rows, max(1, users * peer_rows // rows)),
        "ours": ("ours", rows // SCALE, users // SCALE),
        "ours at scale": ("ours", rows, users),
    }
    console = Console()
    for name, task in plan.items():
        console.print(f"{name} ...", highlight=False)
        results.run(name, lambda task=task: measure(data, *task))
    found = summary(results.runs)
    results.write(summary=found)
    console.print(show(results.runs))
    for claim, measured, reached in (
        (f"at least {PEER_BAR:g} x the peer's rows/s", found["times_peer"],
         found["times_peer"] >= PEER_BAR),
        (f"{SCALE} x the rows in at most {MEMORY_BAR} x the memory", found["memory_growth"],
         found["memory_growth"] <= MEMORY_BAR),
    ):  # fmt: skip
        verdict = "reached" if reached else "MISSED"
        console.print(f"{verdict}: {claim}; measured {measured:.2f}", highlight=False)


if __name__ == "__main__":
    main()
