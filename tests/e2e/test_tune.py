"""A small search through the command line: logs to trials, stopped and gone on with."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from simulation.settings import Settings
from simulation.simulate import simulate

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]


def config(root: Path) -> dict[str, object]:
    log = {"id": "impression_id", "time": {"column": "timestamp"}}
    return {
        "name": "search",
        "logs": {
            "root": str(root),
            **{
                name: {"path": f"{name}/{{SPAN}}/*.parquet", **log}
                for name in ("impressions", "clicks", "conversions")
            },
        },
        "split": {"by": "time", "eval": "1 span", "validation": "1 span"},
        "features": {
            "item_id": {"kind": "categorical", "side": "item", "hash": 50, "width": 4},
            "price": {"kind": "numeric", "side": "item", "transform": "log"},
        },
        "heads": {"ctr": {"label": "click"}},
        "model": {"trunk": "shared_bottom", "units": [8], "tower": [4]},
        "training": {"batch_size": 128},
        "tuning": {
            "metric": "ctr.log_loss",
            "seeds": 2,
            "space": {
                "training.learning_rate": {"float": [1e-3, 1e-1], "log": True},
                "model.trunk": {"choice": ["shared_bottom", {"kind": "mmoe", "experts": 2}]},
            },
        },
    }


class Project:
    """A config with its logs, and the command in a process of its own."""

    def __init__(self, place: Path):
        self.work = place / "work"
        self.path = place / "search.yaml"
        simulate(place / "logs", Settings(impressions=1500, days=3, seed=3))
        self.path.write_text(yaml.safe_dump(config(place / "logs")))

    def start(self, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", "tune", self.path, "--work", self.work, *options],
            cwd=ROOT,
            env=os.environ | {"COLUMNS": "100"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def tune(self, *options: str) -> str:
        process = self.start(*options)
        told, complaints = process.communicate()
        assert (process.returncode, complaints) == (0, ""), complaints
        return told

    def trials(self) -> list[dict[str, object]]:
        report = json.loads((self.work / "reports" / "tune.json").read_text())
        return report["trials"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("search"))


@pytest.fixture(scope="module")
def killed(project):
    """A search that was killed as soon as one training was kept; what was kept."""
    process = project.start("--trials", "1")
    while process.poll() is None and not list(project.work.glob("tuning/*/trial-*.json")):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    (kept,) = project.work.glob("tuning/*/trial-*.json")
    return json.loads(kept.read_text())


def test_a_killed_search_goes_on_and_ends_in_a_table_and_a_command(project, killed):
    told = project.tune("--trials", "2")  # and one more
    lines = [line.split() for line in told.splitlines()]
    cached = [words[1] for words in lines if words[-1:] == ["cached"]]
    assert cached == [
        "ExamplesSchema", "LogExampleGen", "LogGate", "SpanStatistics", "StatisticsGen",
        "ExampleValidator", "DataReport", "DataGate", "Transform",
    ]  # fmt: skip
    done = [words for words in lines if words[:1] == ["trial"] and words[1].isdigit()]
    assert [words[1] for words in done] == ["1", "2"]
    trials = project.trials()
    assert sorted(trial["number"] for trial in trials) == [0, 1]
    means = [sum(trial["scores"]) / 2 for trial in trials]
    assert means == sorted(means)  # the less the log loss, the better
    first = next(trial for trial in trials if trial["number"] == 0)
    assert (first["values"], first["scores"][0]) == (killed["values"], killed["scores"][0])
    assert "The best, to write in the config:" in told
    (command,) = (line for line in told.splitlines() if line.startswith("funnelrank run "))
    assert command.startswith(f"funnelrank run {project.path} --work {project.work} --set ")
    rate = trials[0]["values"]["training.learning_rate"]
    assert f" --set training.learning_rate={rate}" in command


@pytest.mark.long
def test_where_no_trial_can_be_trained_the_search_fails_and_says_why(project, killed):
    process = project.start(
        "--trials", "1", "--set", "tuning.space={training.learning_rate: {choice: [1e30, 1e31]}}"
    )
    told, complaints = process.communicate()
    assert process.returncode == 1
    assert "a new search, as `tuning` changed; the last is in" in told
    assert complaints.startswith("Error: Tuner failed: no trial could be trained (1 tried)")
    assert "at step" in complaints
    assert len(complaints.splitlines()) == 1
