"""The demo, small, written down in a real MariaDB that crashes on the way."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline.executions import newest_executions
from pipeline.metadata_store import has_store
from pipeline.work_dir import WorkDir
from tests.servers.mariadb import PASSWORD, Server, needs_mariadb

pytestmark = [pytest.mark.e2e, needs_mariadb]

ROOT = Path(__file__).resolve().parents[2]
# At that step the server crashes. What comes before is kept.
CRASH = "Transform"
SMALL = {
    "window": 3,
    "training.epochs": 1,
    "model": {"trunk": "mmoe", "objective": "entire_space", "units": [8], "tower": [4]},
    "slices": [],
    "gates": {"ctr.auc": ">= 0.1"},
}


class Watch(threading.Thread):
    """Reads what is written down while a run writes, and how all processes were called.

    Args:
        run: the process of the run.
        work: where it writes.
        at: called once, when that step's folder is there.
    """

    def __init__(self, run, work, at):
        super().__init__()
        self.reads, self.told = 0, False
        self._run, self._work, self._at = run, work, at

    def run(self):
        while self._run.poll() is None:
            if has_store(self._work) and self._at is not None:
                newest_executions(self._work, "demo", ["LogExampleGen", CRASH])
                self.reads += 1
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.told |= PASSWORD.encode() in file.read_bytes()
                except OSError:  # it has ended since
                    continue
            if self._at is not None and (self._work.artifacts / CRASH).is_dir():
                self._at()
                self._at = None
            threading.Event().wait(0.2)


class Demo:
    """The demo with few logs, its work directory, and its server."""

    def __init__(self, place):
        (place / "db").mkdir()
        self.server = Server(place / "db")
        self.work = WorkDir(place / "work")
        self.logs = place / "logs"
        self.said = []
        self.watches = []
        self.call("simulate", self.logs, "--impressions", 3000, "--days", 3)

    def start(self, *arguments):
        """Starts the command line as a user does, the password in the environment."""
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *map(str, arguments)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "FUNNELRANK_MYSQL_PASSWORD": PASSWORD},
        )  # fmt: skip

    def end(self, process):
        out, err = process.communicate()
        self.said += [out, err]
        return process.returncode, out, err

    def call(self, *arguments):
        return self.end(self.start(*arguments))

    def run(self, at=None):
        """Runs the demo; returns the exit code and what it said."""
        store = self.server.store().model_dump(mode="json")
        changes = {"logs.root": str(self.logs), "metadata": store, **SMALL}
        sets = [word for key, value in changes.items()
                for word in ("--set", f"{key}={json.dumps(value)}")]  # fmt: skip
        process = self.start("run", "configs/demo.yaml", "--work", self.work.root, *sets)
        self.watches.append(Watch(process, self.work, at))
        self.watches[-1].start()
        ended = self.end(process)
        self.watches[-1].join()
        return ended


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    made = Demo(tmp_path_factory.mktemp("mariadb"))
    # The test reads the database as the commands do.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNNELRANK_MYSQL_PASSWORD", PASSWORD)
        patch.setenv("MYSQL_PWD", "")
        yield made
    made.server.remove()


@pytest.fixture(scope="module")
def crashed(demo):
    return demo.run(at=demo.server.kill)


@pytest.fixture(scope="module")
def recovered(demo, crashed):
    demo.server.start()
    return demo.run()


@pytest.fixture(scope="module")
def again(demo, recovered):
    """A third run, after a crash between runs, while commands read."""
    demo.server.restart()
    readers = [demo.start("lineage", "latest", "--work", demo.work.root, "--json"),
               demo.start("report", demo.work.root)]  # fmt: skip
    return demo.run(), [demo.end(reader) for reader in readers]


def test_a_server_that_crashes_ends_the_run_in_one_sentence(demo, crashed):
    code, _, err = crashed
    (line,) = err.splitlines()
    assert code == 1
    assert line.startswith(
        f"Error: {CRASH} failed: the metadata server 127.0.0.1:{demo.server.port} cannot be reached"
    )
    assert "What is done is kept: when it is back, run the same again" in line
    assert demo.watches[0].reads > 0


def test_the_same_command_goes_on_from_there_to_a_served_model(demo, recovered):
    code, out, err = recovered
    assert (code, err) == (0, ""), out + err
    ran = newest_executions(demo.work, "demo", ["LogExampleGen", CRASH, "AtomicPusher"])
    assert [ran[node].cached for node in ran] == [True, False, False]
    [version] = demo.work.serving.glob("[0-9]*")
    assert ran["AtomicPusher"].outputs["pushed_model"].properties["pushed_version"] == version.name
    assert not demo.work.metadata.exists()


def test_a_run_after_a_restart_takes_all_from_the_cache_and_others_read_meanwhile(demo, again):
    (code, out, err), readers = again
    assert (code, err) == (0, ""), out + err
    nodes = ["LogExampleGen", CRASH, "Trainer", "Evaluator"]
    assert all(one.cached for one in newest_executions(demo.work, "demo", nodes).values())
    assert [code for code, _, _ in readers] == [0, 0], readers
    lineage = json.loads(readers[0][1])
    [version] = demo.work.serving.glob("[0-9]*")
    assert (lineage["version"], lineage["standing"]) == (version.name, "newest")
    assert lineage["config"]["metadata"]["user"] == "funnelrank"
    assert "index.html" in readers[1][1]


def test_the_password_is_told_nowhere(demo, again):
    assert not [watch for watch in demo.watches if watch.told]
    assert not [text for text in demo.said if PASSWORD in text]
    files = [file for file in demo.work.root.rglob("*") if file.is_file()]
    assert len(files) > 100
    assert [file for file in files if PASSWORD.encode() in file.read_bytes()] == []
    # TFX does log how it connects: without the password.
    logs = "".join(file.read_text() for file in demo.work.logs.iterdir())
    assert f"port: {demo.server.port}" in logs
