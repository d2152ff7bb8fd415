"""Tables 1 and 2 of the MMoE paper on the published files of Census-Income (KDD), every trunk.

Two heads are learnt together: income over 50 thousand and never married (group 1), an Associates
degree or higher and never married (group 2). All methods have the same number of parameters above
the embedding, try the same settings, and are judged by as many seeds on the
half of the published test file that chose nothing. The setting is the one with the best AUC of the
main head on the other half, the validation part. `single_task` is two models side by side: it has
two embeddings, and each of the two has half of the parameters above.

Every run is kept in benchmarks/results/census.json as soon as it is done, and not done again;
delete the file after a change of the methods themselves.

    python benchmarks/census.py --workers 2
"""

import datetime
import functools
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.census_income import summary, tables, worker  # noqa: E402
from benchmarks.census_income.plan import (  # noqa: E402
    GROUPS,
    METHODS,
    TUNING_SEED,
    Run,
    Setting,
    settings,
    setup,
)
from benchmarks.learning.results import FOLDER, Results  # noqa: E402


class Benchmark:
    """Sizes, tunes and judges methods, and says how far it is.

    Args:
        results: what is kept.
        workers: what trains.
        tried: settings that each method chooses from.
        methods: which ones.
        runs: how many trainings there are, of which those kept are done.
    """

    def __init__(
        self,
        results: Results,
        workers: worker.Workers,
        tried: tuple[Setting, ...],
        methods: Sequence[str],
        runs: int,
    ):
        self.results = results
        self._workers = workers
        self._tried = tried
        self._methods = methods
        self._left = runs
        self._begin = time.perf_counter()
        self._done = 0

    def sizes(self) -> dict[str, dict[str, int]]:
        """Returns the width of each method and its parameters above the embedding."""
        jobs = {f"size {name}": functools.partial(worker.size, name) for name in self._methods}
        for name, found in self._workers.finish(self.results, jobs):
            _say(f"{name}: {found['parameters']:,} parameters, width {found['width']}")
        return {name: self.results.runs[f"size {name}"] for name in self._methods}

    def tune(self, group: str, seeds: int) -> dict[str, int]:
        """Returns the setting of each method with the best validation AUC of the main head."""
        places = range(len(self._tried))
        runs = {
            (method, place): [
                Run(group, method, place, TUNING_SEED + seed) for seed in range(seeds)
            ]
            for method in self._methods
            for place in places
        }
        self._learn([run for several in runs.values() for run in several])
        scores = {
            key: statistics.fmean(
                self.results.runs[run.name]["validation"][GROUPS[group].main] for run in several
            )
            for key, several in runs.items()
        }
        best: dict[str, int] = {}
        for method, place in scores:
            if method not in best or scores[method, place] > scores[method, best[method]]:
                best[method] = place
        return best

    def judge(self, group: str, chosen: dict[str, int], seeds: int) -> summary.Scores:
        """Returns the AUC on the test part by method and head, one a seed."""
        runs = {
            method: [Run(group, method, place, seed) for seed in range(seeds)]
            for method, place in chosen.items()
        }
        # Seed by seed, so that a benchmark that is stopped has compared all methods on some.
        self._learn([run for of_seed in zip(*runs.values(), strict=True) for run in of_seed])
        kept = self.results.runs
        return {
            method: {
                head: [kept[run.name]["test"][head] for run in several] for head in GROUPS[group]
            }
            for method, several in runs.items()
        }

    def _learn(self, runs: Sequence[Run]) -> None:
        self._left -= sum(run.name in self.results.runs for run in runs)
        sizes = self.sizes()
        jobs = {
            run.name: functools.partial(
                worker.learn, run, self._tried[run.setting], sizes[run.method]["width"]
            )
            for run in runs
        }
        for name, found in self._workers.finish(self.results, jobs):
            self._done += 1
            self._left -= 1
            minutes = (time.perf_counter() - self._begin) / 60
            part = "test" if "test" in found else "validation"
            aucs = " ".join(f"{auc:.4f}" for auc in found[part].values())
            _say(
                f"{name}: {part} {aucs}, {found['seconds']:.0f} s; {self._left} left, "
                f"about {minutes / self._done * self._left:.0f} min"
            )


def _say(line: str) -> None:
    click.echo(f"{datetime.datetime.now():%H:%M:%S} {line}")


def sentences(checked: Sequence[dict], said: Sequence[str]) -> Iterator[str]:
    """Yields what was reached of what was asked, and what holds of the paper's order."""
    for bar in checked:
        verdict = "reached" if bar["reached"] else "MISSED"
        yield f"{verdict}: {bar['bar']}; measured {bar['measured']:.4f}"
    yield from said
    yield (
        "Intervals are over seeds on one test half: another half would move all methods together."
    )


def _data_missing(source: Path) -> bool:
    return not list(source.glob("census-income.data*"))


@click.command()
@click.option(
    "--source",
    type=click.Path(path_type=Path),
    default=ROOT / ".." / "shared" / "data" / "census_income",
    help="folder of the published files  [default: ../shared/data/census_income]",
)
@click.option("--seeds", type=click.IntRange(min=2), default=10, show_default=True)
@click.option("--settings", "count", type=click.IntRange(min=1), default=6, show_default=True)
@click.option("--tuning-seeds", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--group", "groups", multiple=True, type=click.Choice(list(GROUPS)))
@click.option("--method", "methods", multiple=True, type=click.Choice(list(METHODS)))
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--results", "folder", type=click.Path(path_type=Path), default=FOLDER)
def main(
    source: Path,
    seeds: int,
    count: int,
    tuning_seeds: int,
    groups: Sequence[str],
    methods: Sequence[str],
    workers: int,
    folder: Path,
) -> None:
    """Compare all trunks on Census-Income, or the groups and methods that are named."""
    if _data_missing(source):
        raise click.UsageError(
            f"Census-Income is absent: no census-income.data in {source}. Take the two published "
            "files (examples/census/README.md says where from) and name their folder: --source"
        )
    groups, methods = groups or list(GROUPS), methods or list(METHODS)
    tried = settings(count)
    results = Results("census", setup(tried), folder)
    runs = len(groups) * len(methods) * (count * tuning_seeds + seeds)
    shown, lines = [], []
    whole: dict[str, dict] = {method: {} for method in methods}
    chosen: dict[str, dict] = {}
    checked: list[dict] = []
    log = ROOT / "runs" / "bench" / "census.log"
    with worker.Workers(source, workers, log) as pool:
        benchmark = Benchmark(results, pool, tried, methods, runs)
        sizes = benchmark.sizes()
        for group in groups:
            places = benchmark.tune(group, tuning_seeds)
            scores = benchmark.judge(group, places, seeds)
            of_group = summary.figures(group, scores)
            for method, found in of_group.items():
                whole[method] |= found
            chosen[group] = {
                method: {**tried[place]._asdict(), **sizes[method]}
                for method, place in places.items()
            }
            checked += summary.bars(group, scores)
            lines += summary.order(group, scores)
            parameters = {method: sizes[method]["parameters"] for method in methods}
            shown += [
                tables.aucs(group, of_group, parameters, seeds),
                tables.differences(group, of_group),
            ]
            results.write(seeds=seeds, summary=whole, chosen=chosen, bars=checked, order=lines)
    console = Console()
    for table in shown:
        console.print(table)
    for line in sentences(checked, lines):
        console.print(line, highlight=False)


if __name__ == "__main__":
    main()
