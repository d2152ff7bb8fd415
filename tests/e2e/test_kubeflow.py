"""A compiled pipeline's containers, run one after the other as open-source Kubeflow starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulation.settings import Settings
from simulation.simulate import simulate
from tests.pipeline.kubeflow.backend import Backend
from tests.pipeline.kubeflow.processes import ROOT, Processes, started

pytestmark = pytest.mark.e2e

AS_OF = "2026-03-01T00:00Z"
# What no two runs have in common: places, moments, and what the machine was doing meanwhile.
OWN = ("run", "version", "timings", "missing", "serving")


def config(place: Path) -> Path:
    """Writes a small pipeline, whose volume is `place`."""
    log = {"id": "impression_id", "time": {"column": "timestamp"}}
    names = ("impressions", "clicks", "conversions")
    text = {
        "name": "shop",
        "logs": {
            "root": str(place / "logs"),
            **{name: {"path": f"{name}/{{SPAN}}/*.parquet", **log} for name in names},
        },
        "window": 7,
        "split": {"by": "time", "eval": "1 span"},
        "features": {
            "user_id": {"kind": "categorical", "side": "user", "hash": 50, "width": 4},
            "price": {"kind": "numeric", "side": "item", "transform": "log"},
        },
        "heads": {"ctr": {"label": "click"}, "cvr": {"label": "conversion", "given": "ctr"}},
        "model": {"units": [8], "tower": [4]},
        "training": {"batch_size": 256, "warm_start": True},
        "gates": {"ctr.auc": ">= 0.1"},
        "kubeflow": {
            "image": "registry.example/funnelrank@sha256:" + "0" * 64,
            "root": str(place / "volume" / "shop"),
            "volume": {"claim": "funnelrank", "path": str(place)},
        },
    }
    path = place / "shop.yaml"
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    return path


class Cluster:
    """A volume with logs, and processes that run programs there."""

    def __init__(self, place: Path, processes: Processes):
        self.place, self._processes = place, processes
        self.config = config(place)
        self.root = place / "volume" / "shop"
        simulate(place / "logs", Settings(impressions=3000, days=3, seed=11))
        self.run("compile", "pipeline", "compile", self.config, "-o", place / "shop-run.yaml")
        self.backend = Backend(place / "shop-run.yaml", place / "scratch", "run-1")

    def run(self, name: str, *words: object) -> str:
        """Runs a program to its good end; returns what it printed."""
        code, said = self.start(name, ["python", "-m", *map(str, words)])
        assert code == 0, said
        return said

    def start(self, name: str, command: list[str]) -> tuple[int, str]:
        log = self.place / f"{name}.log"
        log.write_text("")
        return self._processes.run(command, log), log.read_text(encoding="utf-8")

    def step(self, name: str, backend: Backend) -> str:
        """Runs a task's container."""
        command = backend.command(name, {"window": 3, "as_of": AS_OF})
        code, said = self.start(name, command)
        assert code == 0, said[-3000:]
        backend.publish(name)
        return said

    def facts(self, root: Path) -> dict[str, Any]:
        (path,) = root.glob("reports/*/facts.json")
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """After one run of every task, of which one began where another attempt was killed."""
    with started() as processes:
        found = Cluster(tmp_path_factory.mktemp("cluster"), processes)
        for name in found.backend.order():
            if name == "LogExampleGen":
                left = folder(found, name, "examples") / "Split-train"
                left.mkdir(parents=True)
                (left / "data_tfrecord-killed.gz").write_bytes(b"half")
            found.step(name, found.backend)
        yield found


def folder(cluster: Cluster, task: str, output: str) -> Path:
    run = "minio/mlpipeline/v2/artifacts/shop/run-1"
    return cluster.root / "artifacts" / run / task / "5a17" / output


def test_the_run_comes_to_what_a_local_run_comes_to_to_the_last_digit(cluster):
    work = cluster.place / "local"
    cluster.run(
        "local", "pipeline", "run", cluster.config, "--work", work, "--window", 3, "--as-of", AS_OF
    )
    there, here = cluster.facts(cluster.root), cluster.facts(work)
    for facts in (there, here):
        del facts["lineage"]["artifacts"]
    assert {k: v for k, v in there.items() if k not in OWN} == {
        k: v for k, v in here.items() if k not in OWN
    }
    figures = "figures.json"
    (local,) = work.glob(f"artifacts/Evaluator/evaluation/*/{figures}")
    assert (folder(cluster, "Evaluator", "evaluation") / figures).read_bytes() == local.read_bytes()


def test_a_model_is_served_with_everything_that_belongs_to_it(cluster):
    (version,) = (path for path in (cluster.root / "serving").iterdir() if path.name.isdecimal())
    assert (version / "saved_model.pb").exists()
    origin = json.loads((version / "assets.extra" / "origin.json").read_text())
    assert os.path.normpath(version / origin["model"]) == str(folder(cluster, "Trainer", "model"))


def test_nothing_is_left_of_the_attempt_that_was_killed(cluster):
    split = folder(cluster, "LogExampleGen", "examples") / "Split-train"
    names = [path.name for path in split.iterdir()]
    assert names and not any("killed" in name for name in names)


def test_the_next_run_compares_with_the_model_that_is_served(cluster):
    later = Backend(cluster.place / "shop-run.yaml", cluster.place / "scratch-2", "run-2")
    later.artifacts = dict(cluster.backend.artifacts)
    cluster.step("BaselineModel", later)
    made = later.artifacts["BaselineModel"]["baseline"]
    assert made["uri"].startswith("minio://mlpipeline/v2/artifacts/shop/run-2/BaselineModel/")
    (version,) = (p.name for p in (cluster.root / "serving").iterdir() if p.name.isdecimal())
    assert made["metadata"]["version"] == version


def test_a_step_that_fails_ends_with_the_reason(cluster):
    later = Backend(cluster.place / "shop-run.yaml", cluster.place / "scratch-3", "run-3")
    command = later.command("LogExampleGen", {"span": "2030-01-01", "window": 3, "as_of": ""})
    code, said = cluster.start("failed", command)
    assert code == 1
    assert said.splitlines()[-1].startswith("Error: span 2030-01-01 is empty: no file matches ")


def test_the_command_of_a_container_runs_as_it_stands(cluster):
    later = Backend(cluster.place / "shop-run.yaml", cluster.place / "scratch-4", "run-4")
    command = later.command("ExamplesSchema", {})
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=True)
    later.publish("ExamplesSchema")
    schema = "artifacts/minio/mlpipeline/v2/artifacts/shop/run-4/ExamplesSchema/5a17/schema"
    assert (cluster.root / schema / "schema.pbtxt").read_text().count("feature {") >= 4
