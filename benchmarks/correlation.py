"""The MMoE paper's synthetic experiment: what task correlation does to sharing (section 3, Fig. 4).

Two regression tasks whose directions have the cosine 0.5, 0.9 or 1 (see `correlated.tasks`) are
learnt by a shared bottom, experts under one gate and experts under a gate per task, all of one
size, from fresh rows in every batch. A run draws its tasks, rows and weights anew, the same for the
three models and the three correlations, so that all differences are paired. Each model has the
learning rate that is best for it over all correlations on runs of their own. A loss is the mean
squared error of both tasks on rows held out, in units of the label's variance.

    python benchmarks/correlation.py --seeds 30
"""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
# Before TensorFlow is imported, which the functions do: --help needs none.
os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}

if TYPE_CHECKING:
    from benchmarks.correlated.learner import Learner
    from benchmarks.learning.results import Results

Curves = dict[tuple[str, float], np.ndarray]


class Runs:
    """The runs, made or taken from those kept, with a line of progress for each.

    Args:
        results: where they are kept.
        total: how many there will be.
    """

    def __init__(self, results: "Results", total: int):
        self._results = results
        self._total = total
        self._done = 0
        self._learners: dict[str, Learner] = {}

    def run(self, model: str, correlation: float, seed: int, rate: float) -> dict[str, Any]:
        """Returns the figures of one run."""
        name = f"{model}/{correlation:g}/{rate:g}/{seed}"
        found = self._results.run(name, lambda: self._learn(model, correlation, seed, rate))
        self._done += 1
        loss = np.mean(found["final"])
        click.echo(f"{time.strftime('%H:%M:%S')} {self._done}/{self._total} {name} {loss:.5f}")
        return found

    def _learn(self, model: str, correlation: float, seed: int, rate: float) -> dict[str, Any]:
        from benchmarks.correlated.learner import Learner
        from benchmarks.correlated.tasks import draw

        if model not in self._learners:
            self._learners[model] = Learner(model)
        return self._learners[model].run(draw(correlation, seed), rate, seed)


def tune(runs: Runs) -> dict[str, dict[str, float]]:
    """Returns by model the mean final loss of each rate, over all correlations."""
    from benchmarks.correlated.plan import CORRELATIONS, RATES, TRUNKS, TUNING_SEEDS

    def loss(model: str, rate: float) -> float:
        return float(
            np.mean(
                [
                    runs.run(model, correlation, seed, rate)["final"]
                    for correlation in CORRELATIONS
                    for seed in TUNING_SEEDS
                ]
            )
        )

    return {model: {f"{rate:g}": loss(model, rate) for rate in RATES} for model in TRUNKS}


def measure(runs: Runs, rates: dict[str, float], seeds: int) -> Curves:
    """Returns the loss curves, [runs, points] by model and correlation."""
    from benchmarks.correlated.plan import CORRELATIONS, TRUNKS

    found: dict[tuple[str, float], list[list[float]]] = {}
    for seed in range(seeds):
        for correlation in CORRELATIONS:
            for model in TRUNKS:
                curve = runs.run(model, correlation, seed, rates[model])["curve"]
                found.setdefault((model, correlation), []).append(curve)
    return {key: np.array(curves) for key, curves in found.items()}


def of_tasks(seeds: int) -> dict[str, dict[str, float]]:
    """Returns by correlation of the directions that of the labels, and the least loss there is."""
    from benchmarks.correlated.plan import CORRELATIONS
    from benchmarks.correlated.tasks import draw

    found = {}
    for correlation in CORRELATIONS:
        tasks = [draw(correlation, seed) for seed in range(seeds)]
        found[f"{correlation:g}"] = {
            "label_correlation": float(np.mean([drawn.label_correlation() for drawn in tasks])),
            "floor": float(np.mean([drawn.floor() for drawn in tasks])),
        }
    return found


def losses_table(summary: dict[str, dict[str, Any]]) -> Table:
    """Returns the table of losses: means with intervals, and how runs differ."""
    table = Table(title="Final loss x 1000", title_justify="left", box=None, pad_edge=False)
    for name in ("model", "correlation", "mean", "95 %", "std", "variance", "best"):
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap=True)
    for model, metrics in summary.items():
        for metric, found in metrics.items():
            low, high = found["interval"]
            table.add_row(
                model,
                metric.removeprefix("loss_") if metric != "gap" else "gap 0.5 - 1",
                f"{1e3 * found['mean']:.2f}",
                f"{1e3 * low:.2f} .. {1e3 * high:.2f}",
                f"{1e3 * found['std']:.2f}",
                f"{1e6 * found['variance']:.2f}",
                f"{1e3 * found['best']:.2f}",
            )
    return table


def comparisons_table(compared: dict[str, dict[str, Any]]) -> Table:
    """Returns the table of paired differences from MMoE."""
    title = "Against mmoe: loss and gap x 1000, other - mmoe; variance, other / mmoe"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("model", "what", "", "95 %"):
        table.add_column(name, justify="left" if name in ("model", "what") else "right")
    for model, metrics in compared.items():
        for metric, found in metrics.items():
            scale = 1e3 if metric == "gap" or metric.startswith("loss") else 1
            ends = [f"{scale * end:.2f}" for end in found.get("interval", [])]
            table.add_row(model, metric, f"{scale * found['value']:.2f}", " .. ".join(ends))
    return table


@click.command()
@click.option("--seeds", type=click.IntRange(min=10), default=30, show_default=True)
def main(seeds: int) -> None:
    """Measure what task correlation does to three ways of sharing; runs that are kept stay."""
    import tensorflow as tf

    from benchmarks.correlated import figures, plan, plot
    from benchmarks.learning.results import FOLDER, Results

    tf.get_logger().setLevel("ERROR")
    tf.config.threading.set_intra_op_parallelism_threads(1)  # small matrices: more is not faster
    tf.config.threading.set_inter_op_parallelism_threads(1)
    results = Results("correlation", plan.setup())
    settings = len(plan.TRUNKS) * len(plan.CORRELATIONS)
    runs = Runs(results, settings * (len(plan.RATES) * len(plan.TUNING_SEEDS) + seeds))
    tuned = tune(runs)
    rates = {model: float(min(tried, key=tried.__getitem__)) for model, tried in tuned.items()}
    curves = measure(runs, rates, seeds)
    finals = {
        model: np.stack([curves[model, c][:, -1] for c in plan.CORRELATIONS], axis=1)
        for model in plan.TRUNKS
    }
    found = figures.summary(finals, plan.CORRELATIONS)
    compared = figures.comparisons(finals, plan.CORRELATIONS)
    tasks = of_tasks(seeds)
    results.write(summary=found, against_mmoe=compared, rates=rates, tuned=tuned, tasks=tasks)
    plot.draw(curves, plan.STEPS, [FOLDER / f"correlation.{kind}" for kind in ("png", "svg")])
    console = Console()
    console.print(losses_table(found))
    console.print(comparisons_table(compared))
    console.print(f"Adam's rates {rates}; tasks {tasks}", highlight=False)


if __name__ == "__main__":
    main()
