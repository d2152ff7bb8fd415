"""Serving: one user and some items through each door, beside a peer and beside parts alone.

All candidates are SavedModels, each in a session in a process of its own (see
`serving_speed.replay`), and take turns, so that what else the machine does meets all of them alike;
ratios are medians over turns. The peer's graph begins where ours has finished the transforms: it
takes ids and floats. `products alone` multiplies matrices of the same shapes and does nothing else.

    python benchmarks/serving.py
"""

import itertools
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.learning.results import write_results  # noqa: E402
from benchmarks.serving_speed.candidates import CANDIDATES  # noqa: E402
from benchmarks.serving_speed.crew import Result, Warm, race  # noqa: E402
from benchmarks.serving_speed.exports import saved_model  # noqa: E402
from benchmarks.serving_speed.task import ITEMS, THREADS  # noqa: E402
from benchmarks.training_speed.options import speed_options  # noqa: E402

# Where the bars are: at so many items, with one thread.
BAR_ITEMS, BAR_THREADS = 500, 1
# At most so many times the median request of the other.
BARS = (
    ("rank", "DeepCTR", 1.0),
    ("rank", "serving_default", 0.6),
    ("serving_default", "DeepCTR", 1.6),
)
# At most so many times its own median is a door's 99th percentile.
TAIL_BAR = 2.0
SAME = 1e-6  # answers of two doors to one request differ at most by
PEER = "DeepCTR"
DOORS = ("rank", "predict_columns", "serving_default")

Found = Mapping[str, Result]


def times(found: Found, name: str, other: str, items: int, *, cpu: bool = False) -> float:
    """Returns how many times as long one takes as another: the median over their turns."""
    ours, theirs = (found[one].warm[items].medians(cpu=cpu) for one in (name, other))
    return statistics.median(one / two for one, two in zip(ours, theirs, strict=True))


def tail(warm: Warm, *, cpu: bool = False) -> float:
    """Returns how many times the median the 99th percentile is."""
    return warm.percentile(0.99, cpu=cpu) / warm.percentile(0.5, cpu=cpu)


def check_same(found: Found) -> None:
    """Checks that our doors answered one request alike.

    Raises:
        ClickException: if an answer differs by more than 1e-6.
    """
    doors = [name for name in DOORS if name in found]
    for door, other in itertools.pairwise(doors):
        ours, theirs = found[door].answers, found[other].answers
        gaps = [
            abs(one - two)
            for name in ours
            for one, two in zip(ours[name], theirs[name], strict=True)
        ]
        if not max(gaps) <= SAME:
            raise click.ClickException(
                f"{door} and {other} answer one request differently, by {max(gaps):.2g}; at most "
                f"{SAME:g} is allowed"
            )


def bars(found: Found, architecture: str) -> list[dict[str, Any]]:
    """Returns what was claimed and what was measured, by the clock and of the processors.

    What else the machine does is in the clock, and not in what the processors worked.
    """
    claims: list[tuple[str, float, float, float]] = []
    for name, other, bar in BARS:
        if {name, other} <= set(found):
            clock, cpu = (times(found, name, other, BAR_ITEMS, cpu=cpu) for cpu in (False, True))
            claims.append((f"{name} takes {bar:g} x {other}", bar, clock, cpu))
    for door in filter(found.__contains__, DOORS):
        warm = found[door].warm[BAR_ITEMS]
        what = f"p99 of {door} is {TAIL_BAR:g} x its p50"
        claims.append((what, TAIL_BAR, tail(warm), tail(warm, cpu=True)))
    return [
        {
            "bar": f"{architecture}: {what}",
            "measured": clock,
            "reached": clock <= bar,
            "cpu": cpu,
            "reached_cpu": cpu <= bar,
        }
        for what, bar, clock, cpu in claims
    ]


def show(found: Found, architecture: str, threads: int) -> Table:
    """Returns the table of warm requests."""
    table = _table(f"{architecture}, {_counted(threads)}: warm requests, ms")
    for head in ("", "p50", "p95", "p99", "CPU p50", "CPU p99", "x DeepCTR", "QPS"):
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    for items in next(iter(found.values())).warm:
        table.add_row(f"{items:,} items")
        for name, result in found.items():
            warm = result.warm[items]
            table.add_row(
                f" {name}",
                *[f"{warm.percentile(share):.2f}" for share in (0.5, 0.95, 0.99)],
                *[f"{warm.percentile(share, cpu=True):.2f}" for share in (0.5, 0.99)],
                f"{times(found, name, PEER, items):.2f}" if PEER in found else "",
                f"{statistics.median(warm.rates):,.0f}",
            )
    return table


def show_cold(found: Found, architecture: str, threads: int) -> Table:
    """Returns the table of first requests and of memory."""
    table = _table(f"{architecture}, {_counted(threads)}: cold, and memory")
    for head in ("", "load ms", "first ms", "peak MB", "idle MB"):
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    for name, result in found.items():
        figures = result.figures()
        keys = ("load_ms", "first_ms", "peak_mb", "idle_mb")
        table.add_row(name, *[f"{figures[key]:,.0f}" for key in keys])
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, pad_edge=False)


def _counted(threads: int) -> str:
    return f"{threads} thread{'s' * (threads > 1)}"


@click.command()
@speed_options("serving", CANDIDATES)
@click.option("--items", type=click.IntRange(min=1), multiple=True, default=ITEMS)
@click.option("--threads", type=click.IntRange(min=1), multiple=True, default=THREADS)
@click.option("--turns", type=click.IntRange(min=1), default=12, show_default=True)
@click.option(
    "--seconds", type=click.FloatRange(min=0.01), default=0.3, show_default=True, help="of a turn"
)
@click.option(
    "--starts", type=click.IntRange(min=1), default=2, show_default=True, help="of each process"
)
def main(
    architectures: tuple[str, ...],
    names: tuple[str, ...],
    items: Sequence[int],
    threads: Sequence[int],
    turns: int,
    seconds: float,
    starts: int,
    data: Path,
    report: Path,
) -> None:
    """Measure serving."""
    console = Console()
    checked: list[dict[str, Any]] = []
    kept: dict[str, Any] = {}
    for architecture in architectures:
        made_by = {name: CANDIDATES[name].made_by for name in CANDIDATES if name in names}
        made = {
            module: saved_model(module, architecture, data.resolve())
            for module in dict.fromkeys(made_by.values())
        }
        folders = {name: made[module] for name, module in made_by.items()}
        for count in threads:
            found = race(folders, count, items, turns, seconds, starts)
            check_same(found)
            console.print(show(found, architecture, count))
            console.print(show_cold(found, architecture, count))
            if BAR_ITEMS in items and count == BAR_THREADS:
                checked += bars(found, architecture)
            kept[f"{architecture}, {count}"] = {n: result.figures() for n, result in found.items()}
    for bar in checked:
        verdict = "reached" if bar["reached"] else "MISSED"
        measured = f"measured {bar['measured']:.2f}, of the processors {bar['cpu']:.2f}"
        console.print(f"{verdict}: {bar['bar']}; {measured}", highlight=False, soft_wrap=True)
    setup = {"turns": turns, "seconds": seconds, "starts": starts}
    write_results(report, setup=setup, bars=checked, results=kept)


if __name__ == "__main__":
    main()
