"""Training speed: ours from compressed examples on disk, against peers fed from memory.

Two architectures on 26 fields of width 16 and 13 numbers, batches of 4096, float32 (see
`training_speed.task`). All candidates have the same rows and tables and take turns, each in a
process of its own, so that what else the machine does meets all of them alike; figures are medians
over turns. Utilisation is the share that the model's matrix products are of what the machine
multiplies in the same turns (sgemm, 2048 x 2048).

    python benchmarks/training.py
    python benchmarks/training.py --tables
"""

import dataclasses
import hashlib
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.learning.interpreter import python  # noqa: E402
from benchmarks.learning.results import write_results  # noqa: E402
from benchmarks.training_speed import environments  # noqa: E402
from benchmarks.training_speed.crew import CANDIDATES, Result, race  # noqa: E402
from benchmarks.training_speed.options import speed_options  # noqa: E402
from benchmarks.training_speed.task import ARCHITECTURES, FIELDS  # noqa: E402

# At least so many times DeepCTR's examples a second.
BARS = {"mmoe": 1.1, "esmm": 1.05}
SGEMM_FLOPS = 2 * 2048**3  # as in training_speed.sgemm, which needs TensorFlow
_TIMES_SMALLER = 10  # tables with fewer rows tell what a row costs
NOT_TRAINING = ("ours, input alone", "sgemm")
LARGE_TABLES = ((50_000_000, 8), (50_000_000, 16))  # rows and width

Found = Mapping[str, Result]


def make_rows(data: Path, examples: int, rows_a_table: int) -> Path:
    """Returns the folder of the rows, written unless it is there."""
    source = ROOT / "benchmarks" / "training_speed" / "rows.py"
    version = hashlib.sha256(source.read_bytes()).hexdigest()[:8]
    folder = data / f"{examples}-{rows_a_table}-{version}"
    if not folder.is_dir():
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=data) as incomplete:
            sizes = ["--examples", str(examples), "--rows-a-table", str(rows_a_table)]
            python("benchmarks.training_speed.rows", f"{incomplete}/rows", *sizes)
            Path(incomplete, "rows").rename(folder)
    return folder


def utilisation(name: str, found: Found, architecture: str) -> float | None:
    """Returns which share of the machine's sgemm rate the model's products are, if it has any."""
    if name in NOT_TRAINING or "sgemm" not in found:
        return None
    flops = ARCHITECTURES[architecture].flops * found[name].rate
    return flops / (found["sgemm"].rate * SGEMM_FLOPS)


def bars(found: Found, architecture: str) -> list[dict[str, Any]]:
    """Returns what was claimed and what was measured."""
    claims = []
    ours = found["ours"].rate
    if "DeepCTR" in found:
        claims.append(("DeepCTR's examples/s", BARS[architecture], ours / found["DeepCTR"].rate))
    if {"ours, step alone", "ours, input alone"} <= set(found):
        ratio = found["ours, input alone"].rate / found["ours, step alone"].rate
        claims.append(("the step's rate for the input alone", 1.0, ratio))
    return [
        {"bar": f"{architecture}: {bar:g} x {what}", "measured": ratio, "reached": ratio >= bar}
        for what, bar, ratio in claims
    ]


def show(found: Found, costs: Mapping[str, float], architecture: str) -> Table:
    """Returns the table of one architecture."""
    title = f"{architecture}: medians of {len(found['ours'].rates)} turns; {os.cpu_count()} cores"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for head in ("examples/s", "ours is", "CPU us", "utilisation", "MB", "idle", "MB a M rows"):
        table.add_column(head, justify="right", no_wrap=True)
    for name, result in found.items():
        if name == "sgemm":
            rate = f"{result.rate * SGEMM_FLOPS / 1e9:,.0f} GFLOP/s"
            table.add_row(name, rate, *[""] * 6)
            continue
        share = utilisation(name, found, architecture)
        table.add_row(
            name,
            f"{result.rate:,.0f}",
            f"{found['ours'].rate / result.rate:.2f} x",
            f"{1e6 * statistics.median(result.cpu):.1f}",
            "" if share is None else f"{share:.0%}",
            f"{result.peak_mb:,.0f}",
            f"{result.idle_mb:,.0f}",
            f"{costs[name]:,.0f}" if name in costs else "",
        )
    return table


def row_costs(
    architecture: str, data: Path, found: Found, examples: int, rows: int
) -> dict[str, float]:
    """Returns what a million table rows cost each that trains, in MB: by a run with fewer rows."""
    trained = [name for name in found if name not in NOT_TRAINING]
    fewer = rows // _TIMES_SMALLER
    folder = make_rows(data, examples, fewer).resolve()
    small = race(trained, architecture, folder, _interpreter(data), turns=0, seconds=0)
    spared = FIELDS * (rows - fewer) / 1e6
    return {name: (found[name].peak_mb - small[name].peak_mb) / spared for name in trained}


def figures(found: Found, costs: Mapping[str, float], architecture: str) -> dict[str, Any]:
    """Returns what is kept of one architecture."""
    return {
        name: {
            **dataclasses.asdict(result),
            "rate": result.rate,
            "utilisation": utilisation(name, found, architecture),
            "mb_a_million_rows": costs.get(name),
        }
        for name, result in found.items()
    }


def _interpreter(data: Path) -> Callable[[str], Path]:
    return lambda peer: environments.python_of(peer, data.resolve() / "environments")


def large_table(rows: int, width: int, data: Path) -> list[dict[str, Any]]:
    """Returns what each stage of one training with a table of so many rows took."""
    with tempfile.TemporaryDirectory(dir=data) as folder:
        sizes = ["--rows", str(rows), "--width", str(width)]
        lines = python("benchmarks.training_speed.tables", folder, *sizes).splitlines()
    return [json.loads(line) for line in lines]


def show_stages(stages: Sequence[Mapping[str, Any]], rows: int, width: int) -> Table:
    """Returns the table of a large table's stages."""
    title = f"{rows:,} rows of {width}: {rows * width * 4e-9:.1f} GB, and as much for Adagrad"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for head in ("stage", "s", "peak GB", "examples/s", "GB"):
        table.add_column(head, justify="left" if head == "stage" else "right")
    for stage in stages:
        figures = [(name, stage.get(name)) for name in ("seconds", "peak_gb", "rate", "size_gb")]
        cells = [
            "" if value is None else f"{value:,.{0 if name == 'rate' else 1}f}"
            for name, value in figures
        ]
        table.add_row(stage["stage"], *cells)
    return table


@click.command()
@speed_options("training", CANDIDATES)
@click.option("--turns", type=click.IntRange(min=1), default=7, show_default=True)
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=10, show_default=True, help="of a turn"
)
@click.option("--examples", type=click.IntRange(min=8192), default=262_144, show_default=True)
@click.option("--rows-a-table", type=click.IntRange(min=100), default=100_000, show_default=True)
@click.option("--tables", is_flag=True, help="also train tables of 50 M rows")
def main(
    architectures: tuple[str, ...],
    names: tuple[str, ...],
    turns: int,
    seconds: float,
    examples: int,
    rows_a_table: int,
    tables: bool,
    data: Path,
    report: Path,
) -> None:
    """Measure training: ours, and the candidates that are named."""
    console = Console()
    chosen = [name for name in CANDIDATES if name == "ours" or name in names]
    folder = make_rows(data, examples, rows_a_table).resolve()
    kept: dict[str, Any] = {}
    checked: list[dict[str, Any]] = []
    for architecture in architectures:
        found = race(chosen, architecture, folder, _interpreter(data), turns, seconds)
        costs = row_costs(architecture, data, found, examples, rows_a_table)
        console.print(show(found, costs, architecture))
        checked += bars(found, architecture)
        kept[architecture] = figures(found, costs, architecture)
    for bar in checked:
        verdict = "reached" if bar["reached"] else "MISSED"
        console.print(f"{verdict}: {bar['bar']}; measured {bar['measured']:.2f}", highlight=False)
    stages: dict[str, Any] = {}
    for rows, width in LARGE_TABLES if tables else ():
        stages[f"{rows} x {width}"] = large_table(rows, width, data)
        console.print(show_stages(stages[f"{rows} x {width}"], rows, width))
    write_results(
        report,
        setup={"turns": turns, "seconds": seconds, "rows_a_table": rows_a_table},
        bars=checked,
        results=kept,
        **({"large_tables": stages} if tables else {}),
    )


if __name__ == "__main__":
    main()
