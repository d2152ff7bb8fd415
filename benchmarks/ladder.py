"""The ladder of the ESMM paper, from BASE to ESCM2: on logs with a known truth, and on KuaiRand.

On logs of the simulated shop the true rate of conversion is known for impressions that nobody
clicked, so that a model can be judged where the papers could not look: over the entire space. Each
seed is a shop, its impressions and the weights that training begins with. On KuaiRand-Pure (a
click, then a like) the rows are always the same and the seed is that of the training: its
intervals tell what another training would give, not what other people's clicks would.

    python -m examples.kuairand SOURCE_DIR runs/kuairand/logs
    python benchmarks/ladder.py

Results go to benchmarks/results/ladder.json and ladder_kuairand.json, run by run.
"""

import functools
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.learning.results import Results  # noqa: E402
from pipeline.quiet import chatter_to  # noqa: E402

# Before TensorFlow is imported, which the functions do: --help needs none.
os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}

if TYPE_CHECKING:
    from benchmarks.ladders.rows import Rows

FILES = {"simulated": "ladder", "kuairand": "ladder_kuairand"}
# What every method tries, by data set; the same for all of them.
RATES: Mapping[str, tuple[Mapping[str, float], ...]] = {
    "simulated": tuple(
        {"learning_rate": rate, "embedding_learning_rate": 0.05, "epochs": epochs}
        for rate in (0.003, 0.01)
        for epochs in (1, 3)
    ),
    "kuairand": tuple(
        {"learning_rate": 0.003, "embedding_learning_rate": rate, "epochs": epochs}
        for rate in (0.05, 0.15)
        for epochs in (2, 4)
    ),
}
_TUNING_SHOP = 1000  # a seed that is judged by nobody


def rows(data: str, logs: Path) -> tuple[Callable[[int], "Rows"], Callable[[], "Rows"]]:
    """Returns what makes the impressions of a seed, and what makes those to tune on."""
    from benchmarks.ladders.kuairand import kuairand
    from benchmarks.ladders.simulated import simulated

    if data == "simulated":
        return simulated, functools.partial(simulated, _TUNING_SHOP)
    same = functools.cache(functools.partial(kuairand, logs))
    return lambda seed: same(), functools.partial(kuairand, logs, tune=True)


def setup(data: str) -> dict[str, Any]:
    """Returns what all runs on a data set have in common."""
    from benchmarks.ladders import simulated
    from benchmarks.ladders.methods import METHODS, model, training

    return {
        "methods": {
            name: model(name, objectives[0]).model_dump(mode="json")
            for name, (_, objectives) in METHODS.items()
        },
        "training": training(RATES[data][0], 0).model_dump(mode="json"),
        "rates": RATES[data],
        "rows": [simulated.TRAIN, simulated.TEST] if data == "simulated" else data,
    }


def climb(data: str, seeds: int, logs: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Returns the summary of a data set, after training what is not in its file yet."""
    from benchmarks.ladders.climb import Climb
    from benchmarks.ladders.figures import summary
    from benchmarks.ladders.methods import BASE

    results = Results(FILES[data], setup(data))
    rows_of, tuning = rows(data, logs)
    found = summary(Climb(results, rows_of, tuning, RATES[data], tell).run(seeds), BASE)
    results.write(seeds=seeds, summary=found)
    return found


def table(title: str, found: Mapping[str, Any], names: Sequence[str]) -> Table:
    """Returns mean and spread of some figures, above the interval of the gain over BASE."""
    shown = Table("method", *names, title=title)
    for method, of_method in found.items():
        cells = []
        for one in (of_method[name] for name in names):
            text = f"{one['mean']:.4f} ± {one['std']:.4f}\n{one['low']:+.4f} .. {one['high']:+.4f}"
            cells.append(f"[bold]{text}[/bold]" if one["low"] * one["high"] > 0 else text)
        shown.add_row(method, *cells)
    return shown


@click.command()
@click.option("--seeds", default=10, help="Simulated shops.", type=click.IntRange(min=2))
@click.option("--trainings", default=5, help="On KuaiRand.", type=click.IntRange(min=2))
@click.option(
    "--logs",
    default="runs/kuairand/logs",
    type=click.Path(path_type=Path),
    help="KuaiRand-Pure, converted by examples.kuairand.",
)
@click.option("--data", type=click.Choice(list(RATES)), multiple=True, default=list(RATES))
def main(seeds: int, trainings: int, logs: Path, data: tuple[str, ...]) -> None:
    """Climb the ladder; what is in the files of results is not trained again."""
    if "kuairand" in data and not (logs / "impressions").is_dir():
        raise click.UsageError(
            f"no logs of KuaiRand-Pure in {logs}. Convert the published files first: "
            f"python -m examples.kuairand SOURCE_DIR {logs}. Or leave it out: --data simulated"
        )
    began = time.perf_counter()
    with chatter_to(ROOT / "runs" / "bench" / "ladder.log") as console:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)

        def tell(line: str) -> None:
            console.print(f"{time.perf_counter() - began:7.0f} s  {line}", soft_wrap=True)

        for name in data:
            found = climb(name, seeds if name == "simulated" else trainings, logs, tell)
            names = list(next(iter(found.values())))
            for part in filter(None, (names[:3], names[3:])):
                title = f"{name}: mean ± std, and the 95 % interval of the gain over BASE"
                console.print(table(title, found, part))


if __name__ == "__main__":
    main()
