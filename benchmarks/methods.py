"""Interactions, objectives and balances: one choice at a time, on the simulated shop.

The model is ESMM on MMoE over `mlp` with fixed weights; every row of the table changes one of these
words. Nothing is tuned for any of them, so a method that wants other rates may do better than it
does here. Each seed is a shop, its impressions and the weights that training begins with.

    python benchmarks/methods.py

Results go to benchmarks/results/methods.json, run by run.
"""

import functools
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.learning.results import Results  # noqa: E402
from pipeline.quiet import chatter_to  # noqa: E402

# Before TensorFlow is imported, which the functions do: --help needs none.
os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}

if TYPE_CHECKING:
    from benchmarks.ladders.rows import Rows
    from models.config import ModelConfig

METRICS = ("ctr", "cvr", "ctcvr")


def learn(rows: "Rows", model: "ModelConfig", seed: int) -> dict[str, float]:
    """Returns the AUC of each output on the judged rows, and the seconds of the training."""
    from benchmarks.choices.plan import training
    from benchmarks.ladders.figures import auc
    from benchmarks.ladders.rows import HEADS
    from benchmarks.learning.fit import answers, fit
    from schemas.layout import GROUP

    taught, judged = (
        {name: values[part] for name, values in rows.features.items()}
        for part in (rows.taught, rows.judged)
    )
    began = time.perf_counter()
    users = taught[GROUP][:, 0] if model.objective.grouped else None
    labels = rows.labels[rows.taught]
    learnt = fit(rows.layout, HEADS, model, training(seed), taught, labels, together=users)
    seconds = time.perf_counter() - began
    found = answers(learnt, judged)
    clicks, conversions = rows.labels[rows.judged].T
    clicked = clicks == 1
    return {
        "ctr": auc(found["ctr"], clicks),
        "cvr": auc(found["cvr"][clicked], conversions[clicked]),
        "ctcvr": auc(found["ctcvr"], conversions),
        "seconds": seconds,
    }


def summary(runs: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, dict[str, float]]]:
    """Returns mean and standard deviation of every AUC of every choice."""
    return {
        choice: {
            name: {
                "mean": float(np.mean([run[name] for run in found])),
                "std": float(np.std([run[name] for run in found], ddof=1)),
            }
            for name in METRICS
        }
        for choice, found in runs.items()
    }


def table(found: dict[str, dict[str, dict[str, float]]]) -> Table:
    """Returns mean and standard deviation of every AUC."""
    shown = Table("but for", *METRICS, title="ESMM on MMoE, AUC: mean ± std")
    for choice, of_choice in found.items():
        cells = (f"{of_choice[m]['mean']:.4f} ± {of_choice[m]['std']:.4f}" for m in METRICS)
        shown.add_row(choice, *cells)
    return shown


@click.command()
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(min=2))
def main(seeds: int) -> None:
    """Compare methods; what is in the file of results is not trained again."""
    from benchmarks.choices import plan

    with chatter_to(ROOT / "runs" / "bench" / "methods.log") as console:
        import tensorflow as tf

        from benchmarks.choices.rows import TEST, TRAIN, impressions

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        models = plan.models()
        setup: dict[str, Any] = {
            "models": {name: model.model_dump(mode="json") for name, model in models.items()},
            "training": plan.training(0).model_dump(mode="json"),
            "rows": [TRAIN, TEST],
        }
        results = Results("methods", setup)
        made = functools.lru_cache(maxsize=1)(impressions)
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in models}
        for seed in range(seeds):
            for name in models:

                def work(name: str = name, seed: int = seed) -> dict[str, float]:
                    figures = learn(made(seed), models[name], seed)
                    shown = ", ".join(f"{m} {figures[m]:.4f}" for m in METRICS)
                    console.print(
                        f"seed {seed} {name}: {shown}; {figures['seconds']:.1f} s", soft_wrap=True
                    )
                    return figures

                runs[name].append(results.run(f"{seed:02d} {name}", work))
        found = summary(runs)
        results.write(seeds=seeds, summary=found)
        console.print(table(found))


if __name__ == "__main__":
    main()
