"""Processes that train together, on this machine's loopback."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models.cluster import ClusterError
from models.config import ModelConfig
from models.job import Job
from models.spec import ModelSpec
from models.together import follow
from models.training import train_model
from models.training_config import TrainingConfig
from schemas.features import Categorical, Numeric
from schemas.heads import Head, target_columns

ROWS = 2010
HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}


def job_of(place: Path, strategy: str, **training: object) -> Job:
    spec = ModelSpec(
        name="tiny",
        columns=(),
        features={
            "item": Categorical(kind="categorical", side="item", hash=200, width=4),
            "price": Numeric(kind="numeric", side="item"),
        },
        heads=HEADS,
        targets=target_columns(HEADS),
        model=ModelConfig(trunk="shared_bottom", units=(8,), tower=()),
        training=TrainingConfig(
            strategy=strategy, batch_size=20, seed=1, checkpoint_every=20, **training
        ),
    )
    files = (str(place / "part.gz"),)
    folder = place / strategy
    return Job(spec=spec, train=files, directory=str(folder), log_dir=str(folder / "logs"))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with rows whose clicks and conversions depend on the item and the price."""
    folder = tmp_path_factory.mktemp("together")
    random = np.random.default_rng(0)
    worth = 2 * random.normal(size=201)
    with tf.io.TFRecordWriter(str(folder / "part.gz"), "GZIP") as writer:
        for _ in range(ROWS):
            item, price = int(random.integers(1, 201)), random.normal()
            click = random.random() < 1 / (1 + np.exp(-worth[item] - price))
            conversion = click and random.random() < 1 / (1 + np.exp(price))
            example = tf.train.Example()
            example.features.feature["ids_4"].int64_list.value.append(item)
            example.features.feature["dense"].float_list.value.append(price)
            example.features.feature["labels"].float_list.value.extend([click, conversion])
            writer.write(example.SerializeToString())
    return folder


def addresses(count: int) -> list[str]:
    """Returns addresses on which nobody listens."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in found]


class Others:
    """The processes of a cluster beside this one, which leads."""

    def __init__(self, cluster: dict[str, list[str]], leader: str, monkeypatch: pytest.MonkeyPatch):
        self._cluster = cluster
        monkeypatch.setenv("TF_CONFIG", self._config(leader, 0))
        self._running: list[subprocess.Popen[str]] = []

    def _config(self, kind: str, index: int) -> str:
        return json.dumps({"cluster": self._cluster, "task": {"type": kind, "index": index}})

    def start(self, kind: str, index: int) -> subprocess.Popen[str]:
        environment = {**os.environ, "TF_CONFIG": self._config(kind, index)}
        environment["PYTHONPATH"] = os.pathsep.join([os.getcwd(), *sys.path])
        command = [sys.executable, "-m", "pipeline", "worker"]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self._running.append(process)
        return process

    def stop(self) -> None:
        for process in self._running:
            process.kill()
            process.communicate()


@contextlib.contextmanager
def killing(process: subprocess.Popen[str], folder: str, then=lambda: None):
    """Kills a process when there is a checkpoint in a folder, and does something then."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            if any(Path(folder).glob("steps/ckpt-*.index")):
                process.kill()
                then()
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def losses(progress):
    return np.array([record["loss"] for record in progress.curves])


def train(job):
    return train_model(job, job.data())


def test_two_machines_that_lose_one_another_go_on_to_what_one_device_learns(place, monkeypatch):
    job = job_of(place, "multi_worker", epochs=2)
    pair = addresses(2)
    others = Others({"worker": pair}, "worker", monkeypatch)
    try:
        worker = others.start("worker", 1)
        with killing(worker, job.directory), pytest.raises(ClusterError) as raised:
            train(job)
        assert "another process of this training is gone" in str(raised.value)
        assert "Start all of them again" in str(raised.value)
        worker = others.start("worker", 1)
        model, progress = train(job)
        assert worker.wait(timeout=60) == 0
    finally:
        others.stop()
    expected, straight = train(job_of(place, "one_device", epochs=2))
    assert progress.steps == straight.steps == 2 * 101  # the last batch has 10 rows
    np.testing.assert_allclose(losses(progress), losses(straight), atol=2e-6)
    for weight, one in zip(model.weights, expected.weights, strict=True):
        np.testing.assert_allclose(weight, one, atol=1e-5, err_msg=one.name)


@pytest.mark.long
def test_workers_of_a_parameter_server_come_and_go(place, monkeypatch):
    job = job_of(place, "parameter_server", epochs=4, steps_per_execution=20)
    chief, first, second, ps = addresses(4)
    others = Others({"chief": [chief], "worker": [first, second], "ps": [ps]}, "chief", monkeypatch)
    try:
        others.start("ps", 0)
        others.start("worker", 0)
        worker = others.start("worker", 1)
        with killing(worker, job.directory, lambda: others.start("worker", 1)):
            _, progress = train(job)
    finally:
        others.stop()
    _, straight = train(job_of(place, "one_device", epochs=4))
    assert progress.steps == straight.steps
    curve, expected = losses(progress), losses(straight)
    assert abs(curve[-30:].mean() - expected[-30:].mean()) < 0.02
    assert expected[-30:].mean() < expected[:30].mean() - 0.04


@pytest.mark.parametrize(
    ("cluster", "kind", "said"),
    [
        (None, None, "TF_CONFIG is not set"),
        ({"worker": ["a:1", "b:1"]}, "worker", "this is worker 0, which leads"),
        ({"chief": ["a:1"], "worker": ["b:1"], "ps": ["c:1"]}, "chief", "this is chief 0, which"),
    ],
)
def test_who_cannot_follow_is_told_so(cluster, kind, said, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if cluster:
        text = json.dumps({"cluster": cluster, "task": {"type": kind, "index": 0}})
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match=said):
        follow()
