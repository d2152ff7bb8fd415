"""All candidates of one architecture at once, each a process, and the turns that they take."""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.learning.interpreter import Worker


@dataclasses.dataclass(frozen=True)
class Warm:
    """Requests of one size to a server that has answered some before; a turn each.

    Attributes:
        wall: milliseconds of each request by the clock, by turn.
        cpu: milliseconds of each request that processors worked, by turn.
        rates: answers a second to as many clients as threads.
    """

    wall: tuple[tuple[float, ...], ...]
    cpu: tuple[tuple[float, ...], ...]
    rates: tuple[float, ...]

    def medians(self, *, cpu: bool = False) -> tuple[float, ...]:
        """Returns the milliseconds of the median request of each turn."""
        return tuple(statistics.median(turn) for turn in (self.cpu if cpu else self.wall))

    def percentile(self, share: float, *, cpu: bool = False) -> float:
        """Returns the milliseconds that such a share of all requests took at most."""
        times = sorted(time for turn in (self.cpu if cpu else self.wall) for time in turn)
        return times[min(len(times) - 1, int(share * len(times)))]

    def figures(self) -> dict[str, Any]:
        """Returns what is kept of it."""
        shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
        return {
            "requests": sum(map(len, self.wall)),
            **{f"{name}_ms": self.percentile(share) for name, share in shares.items()},
            **{f"cpu_{n}_ms": self.percentile(share, cpu=True) for n, share in shares.items()},
            "qps": statistics.median(self.rates),
            "medians_ms": self.medians(),
        }


@dataclasses.dataclass(frozen=True)
class Result:
    """What one candidate did.

    Attributes:
        loads: milliseconds from the SavedModel on disk to a session, by start.
        firsts: milliseconds of the first request after it.
        idle_mb: most memory held before the load: Python and the libraries.
        peak_mb: most memory it held, of 10^6 bytes.
        answers: the first to the first request, by name.
        warm: by the number of items.
    """

    loads: tuple[float, ...]
    firsts: tuple[float, ...]
    idle_mb: float
    peak_mb: float
    answers: Mapping[str, Sequence[float]]
    warm: Mapping[int, Warm]

    def figures(self) -> dict[str, Any]:
        """Returns what is kept of it."""
        return {
            "load_ms": statistics.median(self.loads),
            "first_ms": statistics.median(self.firsts),
            "idle_mb": self.idle_mb,
            "peak_mb": self.peak_mb,
            "warm": {str(items): warm.figures() for items, warm in self.warm.items()},
        }


def race(
    folders: Mapping[str, Path],
    threads: int,
    sizes: Sequence[int],
    turns: int,
    seconds: float,
    starts: int,
) -> dict[str, Result]:
    """Returns the result of each candidate.

    Args:
        folders: of the SavedModels, by candidate.
        threads: of each session.
        sizes: items of requests.
        turns: of each candidate for each size.
        seconds: of a turn.
        starts: fresh processes of each candidate, for what is cold.
    """
    workers: list[Worker] = []
    cold: dict[str, list[dict[str, Any]]] = {name: [] for name in folders}
    found: dict[str, dict[int, list[dict[str, Any]]]] = {
        name: {items: [] for items in sizes} for name in folders
    }
    try:
        for start in range(starts):
            for name, folder in folders.items():  # one after the other: alone on the machine
                command = ("benchmarks.serving_speed.worker", name, folder, threads)
                workers.append(Worker(name, *command, log=folder.with_suffix(".log")))
                cold[name].append(workers[-1].answer())
                if start < starts - 1:
                    workers.pop().stop()
        for turn in range(turns):
            for items in sizes:
                # To and fro: nobody always comes after the same one.
                for worker in workers if turn % 2 else reversed(workers):
                    order = {"items": items, "seconds": seconds}
                    found[worker.name][items].append(worker.order(order))
    finally:
        for worker in workers:
            worker.stop()
    return {name: _result(cold[name], found[name]) for name in folders}


def _result(cold: list[dict[str, Any]], by_items: Mapping[int, list[dict[str, Any]]]) -> Result:
    turns = [turn for found in by_items.values() for turn in found]
    return Result(
        loads=tuple(start["load_ms"] for start in cold),
        firsts=tuple(start["first_ms"] for start in cold),
        idle_mb=cold[-1]["idle_mb"],
        peak_mb=max(said["peak_mb"] for said in (*cold, *turns)),
        answers=cold[-1]["answers"],
        warm={
            items: Warm(
                tuple(tuple(turn["wall"]) for turn in found),
                tuple(tuple(turn["cpu"]) for turn in found),
                tuple(turn["rate"] for turn in found),
            )
            for items, found in by_items.items()
        },
    )
