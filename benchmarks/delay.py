"""Delayed feedback: what can be learnt from labels that are not all known at the cut-off.

Simulated clicks (see `delays.clicks`) of 15 days, conversions within 5 days of them. At the end of
the last day each method learns cvr from the rows as the logs knew them, and is judged on the day
after, against the true chances: pre_trained on mature rows alone, vanilla on all rows with the
label so far, oracle on all rows with labels that nobody can know yet, fnw, es_dfm and defer on a
stream that begins 10 days before the cut-off, and with `_all` on all that it ever brought.

    python benchmarks/delay.py
"""

import concurrent.futures
import functools
import multiprocessing
import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.delays import clicks, summary  # noqa: E402
from benchmarks.delays.plan import ELAPSED, METHODS, STREAM  # noqa: E402
from benchmarks.learning.results import FOLDER, Results  # noqa: E402

simulate = functools.lru_cache(maxsize=1)(clicks.simulate)


def settle(log: Path) -> None:
    """Keeps a worker to one thread, and what TensorFlow has to tell off the terminal."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def measure(seed: int, method: str, epochs: int) -> dict[str, float]:
    """Returns the figures of one run; in a worker process, since it imports TensorFlow."""
    from benchmarks.delays import learner

    before, after = simulate(seed)
    return learner.run(METHODS[method], before, after, seed, epochs)


def scores(results: Results, seeds: int) -> summary.Scores:
    """Returns the figures of all runs, by method and metric, in the order of the seeds."""
    return {
        method: {
            metric: [results.runs[f"{seed:02d} {method}"][metric] for seed in range(seeds)]
            for metric in summary.METRICS
        }
        for method in METHODS
    }


def report(found: dict[str, dict[str, dict[str, float]]], console: Console) -> None:
    """Prints means, and differences from vanilla that are beyond their interval in bold."""
    table = Table(title="The day after the cut-off; R: recovered of what the oracle has more")
    for column in ("method", "AUC", "R", "PR-AUC", "R", "log loss", "R", "mean p / truth", "ECE"):
        table.add_column(column, justify="left" if column == "method" else "right")
    for method, metrics in found.items():
        cells = [method]
        for metric, figures in metrics.items():
            low, high = (figures.get(f"vs_vanilla_{end}", 0.0) for end in ("low", "high"))
            text = f"{figures['mean']:.4f} ± {figures['std']:.4f}"
            cells.append(f"[bold]{text}[/bold]" if low > 0 or high < 0 else text)
            if metric in summary.RANKED:
                cells.append(f"{figures['recovered']:.2f}")
        table.add_row(*cells)
    console.print(table)


def setup(epochs: int) -> dict[str, int | str]:
    """Returns what all runs have in common."""
    return {
        "clicks": clicks.CLICKS,
        "days": clicks.DAYS,
        "window": clicks.WINDOW,
        "judged": clicks.JUDGED,
        "elapsed": ELAPSED,
        "stream": STREAM,
        "epochs": epochs,
    }


@click.command()
@click.option("--seeds", default=10, show_default=True, type=click.IntRange(2))
@click.option("--epochs", default=2, show_default=True, type=click.IntRange(1))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1))
@click.option("--results", "folder", default=FOLDER, type=click.Path(path_type=Path))
def main(seeds: int, epochs: int, workers: int, folder: Path) -> None:
    """Compares what is learnt of labels that are not all known with what could be."""
    os.environ |= {"TF_USE_LEGACY_KERAS": "1", "PYTHONPATH": str(ROOT)}
    console = Console(width=max(Console().width, 132))
    results = Results("delay", setup(epochs), folder)
    runs = {f"{seed:02d} {method}": (seed, method) for seed in range(seeds) for method in METHODS}
    missing = {name: given for name, given in runs.items() if name not in results.runs}
    spawn = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    log = ROOT / "runs" / "bench" / "delay.log"
    with concurrent.futures.ProcessPoolExecutor(workers, spawn, settle, (log,)) as pool:
        futures = {pool.submit(measure, *given, epochs): name for name, given in missing.items()}
        for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
            name = futures[future]
            results.runs[name] = future.result()
            results.write()
            told = ", ".join(f"{key} {value:.4g}" for key, value in results.runs[name].items())
            console.print(f"{done}/{len(missing)} {name}: {told}", highlight=False)
    found = summary.summarize(scores(results, seeds))
    results.write(summary=found)
    report(found, console)


if __name__ == "__main__":
    main()
