"""The script of `test_resume`: trains jobs, each once at a stretch and once killed many times.

    python killed_training.py FOLDER KILLS

leaves under FOLDER/<job>/straight and FOLDER/<job>/killed what came of each. An attempt is a fork
of this process: TensorFlow is imported once, and no kernel of it has run before the fork.
"""

import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.python.ops import gen_io_ops, io_ops

from models import grouping
from models.config import ModelConfig
from models.job import Job
from models.spec import ModelSpec
from models.steps import SynchronousSteps
from models.training import train_model
from models.training_config import TrainingConfig
from schemas.features import Categorical, Numeric
from schemas.heads import Head, target_columns

ROWS = 96
EVERY = 5  # steps between two checkpoints
HEADS = {
    "ctr": Head(label="click"),
    "cvr": Head(label="conversion", given="ctr"),
    "survey": Head(label="content"),
}
# All that draws random numbers, keeps state beside the weights, or settles what comes when.
JOBS = {
    "joint": (
        {"objective": "entire_space", "balance": "pcgrad", "dropout": 0.3},
        {
            "learning_rate": 0.02,
            "steps_per_execution": 3,
            "clip_norm": 1.0,
            "schedule": {"kind": "cosine", "warmup": 0.1},
        },
    ),
    "alternating": (
        {"objective": "pairwise", "balance": "uncertainty", "calibration": "platt"},
        {"learning_rate": 0.05, "batches": "alternating", "pretrain": {"heads": ["survey"]}},
    ),
}


class Moment(NamedTuple):
    """When an attempt dies: at the first `place` it passes once `step` steps are trained.

    Places are named below; `anywhere` is `calls` calls of Python functions after that step.
    """

    step: int
    place: str
    calls: int = 0


NAMED = {
    "joint": (
        Moment(0, "before a step"),
        Moment(6, "data in place, index missing"),
        Moment(10, "data in place, index torn"),
        Moment(12, "state not yet written"),
        Moment(16, "before the data of a file"),
    ),
    "alternating": (
        Moment(0, "amid rows being grouped"),
        Moment(0, "rows grouped, not yet told"),
        Moment(7, "data written, not yet in place"),
        Moment(11, "older files not yet removed"),
        Moment(19, "after a step"),
    ),
}


def moments(name: str, kills: int) -> list[Moment]:
    """Returns so many of ten: the named ones, and as many at random."""
    drawn = random.Random(name)
    anywhere = [Moment(step, "anywhere", drawn.randrange(3000)) for step in (2, 8, 13, 17, 21)]
    return sorted([*NAMED[name], *anywhere])[:: 10 // kills][:kills]


def make_job(name: str, place: Path, files: dict[str, str]) -> Job:
    model, training = JOBS[name]
    features = {
        "number": Numeric(kind="numeric", side="user"),
        "item": Categorical(kind="categorical", side="item", hash=20, width=4),
        "slot": Categorical(kind="categorical", side="position", hash=5, width=2),
    }
    return Job(
        spec=ModelSpec(
            name="killed",
            columns=(),
            features=features,
            heads=HEADS,
            targets=target_columns(HEADS),
            group="user" if model["objective"] == "pairwise" else None,
            model=ModelConfig(trunk="shared_bottom", units=(8,), tower=(), **model),
            training=TrainingConfig(
                batch_size=8,
                epochs=3,
                embedding_learning_rate=0.1,
                seed=7,
                checkpoint_every=EVERY,
                early_stopping={"metric": "ctr.log_loss", "every": 4, "patience": 4},
                **training,
            ),
        ),
        train=(files["train"],),
        validation=(files["validation"],),
        directory=str(place / "run"),
        log_dir=str(place / "logs"),
    )


def write_rows(path: str, seed: int) -> None:
    drawn = np.random.default_rng(seed)
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for _ in range(ROWS):
            number, item, slot = drawn.normal(), drawn.integers(1, 21), drawn.integers(1, 6)
            click = int(drawn.random() < 1 / (1 + np.exp(-number - item % 3 + slot / 3)))
            content = float("nan") if drawn.random() < 0.5 else item % 2
            labels = [click, click * int(drawn.random() < 0.5), content]
            example = tf.train.Example()
            feature = example.features.feature
            feature["dense"].float_list.value.append(number)
            feature["ids_4"].int64_list.value.append(item)
            feature["position_ids_2"].int64_list.value.append(slot)
            feature["group"].int64_list.value.append(int(drawn.integers(12)))
            feature["labels"].float_list.value.extend(map(float, labels))
            writer.write(example.SerializeToString())


class Attempt:
    """One process of a training: notes every step, and dies at its moment if it is given one."""

    def __init__(self, log: Path, moment: Moment | None):
        self._log = log.open("a", buffering=1)
        self._moment = moment
        self._step, self._calls = 0, -1

    def passing(self, place: str) -> None:
        """Dies if this is the place and the time."""
        if self._moment and self._moment.place == place and self._step >= self._moment.step:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Puts a look at the moment around what trains and what writes."""
        self._around_steps()
        self._around_files()
        self._around_grouping()

    def _around_steps(self) -> None:
        start, take = SynchronousSteps.start, SynchronousSteps.take

        def started(steps: SynchronousSteps, epoch: int, skip: int) -> None:
            self._step = epoch * steps._data.steps + skip
            start(steps, epoch, skip)

        def taken(steps: SynchronousSteps, count: int) -> np.ndarray:
            self.passing("before a step")
            losses = take(steps, count)
            self._step += count
            self._log.write(f"{self._step - count} {self._step}\n")
            self.passing("after a step")
            if self._moment and self._moment.place == "anywhere":
                self._count_calls()
            return losses

        SynchronousSteps.start, SynchronousSteps.take = started, taken

    def _count_calls(self) -> None:
        if self._step < self._moment.step or self._calls >= 0:
            return
        self._calls = 0

        def called(*_: object) -> None:
            self._calls += 1
            if self._calls > self._moment.calls:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(called)

    def _around_files(self) -> None:
        """TensorFlow writes data beside their place, moves them there, then writes an index."""
        save, merge = io_ops.save_v2, gen_io_ops.merge_v2_checkpoints
        record = tf.train.CheckpointManager._record_state
        sweep = tf.train.CheckpointManager._sweep

        def saved(*args: object, **kwargs: object) -> object:
            self.passing("before the data of a file")
            done = save(*args, **kwargs)
            self.passing("data written, not yet in place")
            return done

        def merged(parts: list, prefix: str, *args: object, **kwargs: object) -> object:
            torn_by = {"data in place, index missing": None, "data in place, index torn": b"\0" * 7}
            for place, torn in torn_by.items():
                if self._moment and self._moment.place == place and self._step >= self._moment.step:
                    (part,) = (tf.get_static_value(each).decode() for each in parts)
                    whole = tf.get_static_value(prefix).decode()
                    suffix = "data-00000-of-00001"
                    os.rename(f"{part}.{suffix}", f"{whole}.{suffix}")
                    if torn:
                        Path(f"{whole}.index").write_bytes(torn)
                    self.passing(place)
            return merge(parts, prefix, *args, **kwargs)

        def recorded(manager: tf.train.CheckpointManager) -> None:
            self.passing("state not yet written")
            record(manager)

        def swept(manager: tf.train.CheckpointManager) -> None:
            self.passing("older files not yet removed")
            sweep(manager)

        io_ops.save_v2, gen_io_ops.merge_v2_checkpoints = saved, merged
        tf.train.CheckpointManager._record_state = recorded
        tf.train.CheckpointManager._sweep = swept

    def _around_grouping(self) -> None:
        write, rename = grouping._write, tf.io.gfile.rename

        def written(blocks: tf.data.Dataset, shards: list[str]) -> None:
            write(blocks.take(1), shards)
            self.passing("amid rows being grouped")
            write(blocks, shards)

        def renamed(*args: object, **kwargs: object) -> None:
            self.passing("rows grouped, not yet told")
            rename(*args, **kwargs)

        grouping._write, tf.io.gfile.rename = written, renamed


def run(job: Job, attempt: Attempt, result: Path) -> None:
    """Trains, in a process of its own, and leaves what came of it."""
    attempt.watch()
    model, progress = train_model(job, job.data())
    sys.setprofile(None)
    np.savez(result / "weights.npz", *[v.numpy() for v in model.variables])
    (result / "progress.json").write_text(progress.model_dump_json())


def fork(work: Callable[[], None]) -> int:
    """Returns the process that does some work."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        status = 0
    finally:
        if status:
            traceback.print_exc()
        os._exit(status)


def status_of(pid: int) -> int:
    return os.waitpid(pid, 0)[1]


def chain(name: str, place: Path, files: dict[str, str], kills: int) -> None:
    """Trains a job at a stretch, then one that dies at so many moments of its own."""
    attempts(name, place / name / "straight", files, [None])
    attempts(name, place / name / "killed", files, [*moments(name, kills), None])


def attempts(name: str, folder: Path, files: dict[str, str], ends: list[Moment | None]) -> None:
    folder.mkdir(parents=True)
    job = make_job(name, folder, files)
    for number, moment in enumerate(ends):
        attempt = Attempt(folder / f"steps-{number:02d}", moment)
        status = status_of(fork(lambda attempt=attempt: run(job, attempt, folder)))
        if status != (signal.SIGKILL if moment else 0):
            raise RuntimeError(f"{name}: attempt {number}, {moment}, ended with {status}")


def main() -> None:
    place, kills = Path(sys.argv[1]), int(sys.argv[2])
    files = {split: str(place / f"{split}.gz") for split in ("train", "validation")}
    for seed, path in enumerate(files.values()):
        status_of(fork(lambda path=path, seed=seed: write_rows(path, seed)))
    chains = [fork(lambda name=name: chain(name, place, files, kills)) for name in JOBS]
    sys.exit(any([status_of(pid) for pid in chains]))


if __name__ == "__main__":
    main()
