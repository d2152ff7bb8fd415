"""Processes that train side by side, each on one thread; TensorFlow is imported in them only."""

import concurrent.futures
import functools
import multiprocessing
import os
import pickle
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from benchmarks.census_income.data import read
from benchmarks.census_income.plan import Run, Setting
from benchmarks.learning.results import Results

if TYPE_CHECKING:
    from benchmarks.census_income.learner import Learner

Figures = dict[str, Any]
# What a process is asked for, given the file with the data.
Job = Callable[[Path], Figures]


class Workers:
    """Processes, started with the first job whose figures are not kept yet.

    Args:
        source: folder with the published files.
        count: how many processes.
        log: file for what TensorFlow prints in them.
    """

    def __init__(self, source: Path, count: int, log: Path):
        self._source = source
        self._count = count
        self._log = log
        self._pool: concurrent.futures.ProcessPoolExecutor | None = None
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._folder.cleanup()

    def finish(self, results: Results, jobs: Mapping[str, Job]) -> Iterator[tuple[str, Figures]]:
        """Does the jobs that are not among the results; yields each once its figures are kept."""
        missing = {name: job for name, job in jobs.items() if name not in results.runs}
        if not missing:
            return
        pool, data = self._started()
        begun = {pool.submit(job, data): name for name, job in missing.items()}
        for done in concurrent.futures.as_completed(begun):
            yield begun[done], results.run(begun[done], done.result)

    def _started(self) -> tuple[concurrent.futures.ProcessPoolExecutor, Path]:
        data = Path(self._folder.name, "parts.pickle")
        if self._pool is None:
            data.write_bytes(pickle.dumps(read(self._source)))
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._pool = concurrent.futures.ProcessPoolExecutor(
                self._count,
                # Spawned: a process forked from one with threads may stand still.
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self._log,),
            )
        return self._pool, data


def _begin(log: Path) -> None:
    """Sends what this process prints to `log`, and chooses Keras 2."""
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ["TF_USE_LEGACY_KERAS"] = "1"


@functools.cache
def _learner(data: Path) -> "Learner":
    """Returns the learner of this process."""
    import tensorflow as tf

    from benchmarks.census_income.learner import Learner

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return Learner(pickle.loads(data.read_bytes()))


def size(method: str, data: Path) -> Figures:
    """Does `Learner.size` in this process."""
    return _learner(data).size(method)


def learn(run: Run, setting: Setting, width: int, data: Path) -> Figures:
    """Does `Learner.learn` in this process."""
    return _learner(data).learn(run, setting, width)
