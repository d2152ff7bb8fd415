"""The candidates of one architecture, each a process, and the turns that they take."""

import dataclasses
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.learning.interpreter import OURS, Worker

# What each candidate runs, and in whose environment; None is ours.
CANDIDATES: Mapping[str, tuple[str, str | None]] = {
    "ours": ("ours", None),
    "DeepCTR": ("peer_deepctr", "deepctr"),
    "torch-rechub": ("peer_rechub", "rechub"),
    "by hand": ("tight", None),
    "ours, step alone": ("ours.memory", None),
    "ours, input alone": ("ours.reads", None),
    "sgemm": ("sgemm", None),
}


@dataclasses.dataclass(frozen=True)
class Result:
    """What one candidate did over all turns.

    Attributes:
        rates: examples a second, a turn each; of sgemm matrix products a second.
        cpu: processor seconds an example, a turn each.
        idle_mb: memory before it began: Python and the libraries.
        peak_mb: most memory it held, of 10^6 bytes.
    """

    rates: tuple[float, ...]
    cpu: tuple[float, ...]
    idle_mb: float
    peak_mb: float

    @property
    def rate(self) -> float:
        """The median of the rates."""
        return statistics.median(self.rates)


def race(
    names: Sequence[str],
    architecture: str,
    folder: Path,
    interpreter: Callable[[str], Path],
    turns: int,
    seconds: float,
) -> dict[str, Result]:
    """Returns the result of each candidate, after so many turns of so many seconds each.

    With no turns, each is started alone and only its memory is looked at.
    """
    workers: list[Worker] = []
    try:
        first = {}
        for name in names:
            workers.append(_started(name, architecture, folder, interpreter))
            first[name] = workers[-1].answer()  # one after the other: starting takes both cores
            if not turns:
                workers.pop().stop()
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for _ in range(turns):
            for worker in workers:
                found[worker.name].append(worker.order(seconds))
    finally:
        for worker in workers:
            worker.stop()
    return {
        name: Result(
            tuple(turn["rate"] for turn in of_name),
            tuple(turn["cpu"] for turn in of_name),
            first[name]["idle_mb"],
            max(turn["peak_mb"] for turn in (first[name], *of_name)),
        )
        for name, of_name in found.items()
    }


def _started(
    name: str, architecture: str, folder: Path, interpreter: Callable[[str], Path]
) -> Worker:
    module, peer = CANDIDATES[name]
    log = folder / f"{module}-{architecture}.log"
    log.unlink(missing_ok=True)
    return Worker(
        name,
        *("benchmarks.training_speed.worker", module, architecture, folder),
        log=log,
        interpreter=interpreter(peer) if peer else OURS,
    )
