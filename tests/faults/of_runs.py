"""Faults of a run at work: it is stopped, killed, or has nowhere to write; each run goes on."""

import functools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults.fault import Fault
from tests.faults.process import (
    At,
    Ended,
    Once,
    has_children,
    kill_children,
    kill_itself,
    stop_itself,
)
from tests.faults.shop import Shop

# Of what a file system has left, so that it is full to the last block.
_PIECE = 4096


def killed(node: str, moment: str) -> Callable[[Shop], Iterator[Ended]]:
    """Returns what kills a run and all that it started, as kill -9 does."""

    def happen(shop: Shop) -> Iterator[Ended]:
        yield shop.run(at=At(node, moment, kill_itself))

    return happen


def stopped(node: str, number: int) -> Callable[[Shop], Iterator[Ended]]:
    """Returns what sends a signal to a run while a step is at work."""

    def happen(shop: Shop) -> Iterator[Ended]:
        yield shop.run(at=At(node, "works", functools.partial(stop_itself, number)))

    return happen


def disk_full(node: str, moment: str) -> Callable[[Shop], Iterator[Ended]]:
    """Returns what fills the file system of the work directory when a step begins its work."""

    def happen(shop: Shop) -> Iterator[Ended]:
        filler = shop.work.root.parent / "filler"
        ended = shop.run(at=At(node, moment, functools.partial(_fill, filler)))
        filler.unlink()
        yield ended

    return happen


def killed_in_training(shop: Shop) -> Iterator[Ended]:
    yield shop.run(first=Once(functools.partial(_has, shop.work.checkpoints, 2), kill_itself))


def the_checkpoint_breaks(shop: Shop) -> Iterator[Ended]:
    """Leaves the broken one broken: training takes the one before."""
    newest = max(
        shop.work.checkpoints.glob("*/steps/ckpt-*.data-*"), key=lambda path: path.stat().st_mtime
    )
    newest.write_bytes(newest.read_bytes()[:100])
    yield shop.run(at=At("BaselineModel", "starts", functools.partial(kill_itself)))


def the_analyses_break(shop: Shop) -> Iterator[Ended]:
    for analysis in shop.work.analyses.iterdir():
        analysis.write_bytes(analysis.read_bytes()[:40])
    yield shop.run(at=At("Trainer", "starts", functools.partial(stop_itself, signal.SIGTERM)))


def the_trial_is_killed(shop: Shop) -> Iterator[Ended]:
    kill = Once(has_children, kill_children)
    yield shop.run(at=At("ServingCheck", "works", kill))


FAULTS = (
    Fault("Ctrl-C", "LogExampleGen at work", stopped("LogExampleGen", signal.SIGINT), 130),
    Fault("The disk is full", "LogExampleGen at work", disk_full("LogExampleGen", "works"), 1),
    Fault("`kill -9`", "LogExampleGen done, not noted", killed("LogExampleGen", "has worked"), -9),
    Fault("SIGTERM", "StatisticsGen at work", stopped("StatisticsGen", signal.SIGTERM), 143),
    Fault("The terminal is closed", "Popularity at work", stopped("Popularity", signal.SIGHUP), -1),
    Fault("The disk is full", "Transform at work", disk_full("Transform", "works"), 1),
    Fault("`kill -9`", "Transform done, not noted", killed("Transform", "has worked"), -9),
    Fault(
        "The files in `analyses/` break off; then SIGTERM",
        "Trainer begins",
        the_analyses_break,
        143,
    ),
    Fault("`kill -9`", "Trainer between two steps", killed_in_training, -9),
    Fault(
        "The last checkpoint breaks off; then `kill -9`", "Trainer done", the_checkpoint_breaks, -9
    ),
    Fault("The disk is full", "BaselineModel done", disk_full("BaselineModel", "has worked"), 1),
    Fault("ServingCheck's process is killed", "ServingCheck at work", the_trial_is_killed, 1),
    Fault("`kill -9`", "Evaluator at work", killed("Evaluator", "works"), -9),
    Fault("The disk is full", "AtomicPusher at work", disk_full("AtomicPusher", "works"), 1),
    Fault("`kill -9`", "the model is pushed, not noted", killed("AtomicPusher", "has worked"), -9),
    Fault("The disk is full", "RunReport at work", disk_full("RunReport", "works"), 1),
)


def _has(folder: Path, checkpoints: int) -> bool:
    return len(list(folder.glob("*/steps/ckpt-*.index"))) >= checkpoints


def _fill(path: Path) -> None:
    """Writes a file until nothing more fits."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    for piece in (2**20, _PIECE, 1):
        try:
            while True:
                os.write(file, b"x" * piece)
        except OSError:
            continue
    os.close(file)
