"""Two real processes and one lock; whoever is killed has it no more."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from components.lock import Busy, Holder, exclusive

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from components.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path):
    """Starts a process that has the lock until its input ends."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


def test_a_second_process_is_refused_and_told_who_has_the_lock(hold, tmp_path):
    process = hold()
    with pytest.raises(Busy) as refused, exclusive(tmp_path / "lock"):
        pass
    said = str(refused.value)
    assert said.startswith(f"`-c {tmp_path}/lock` (process {process.pid} on {socket.gethostname()}")
    assert ", since 20" in said


def test_a_killed_holder_has_the_lock_no_more(hold, tmp_path):
    process = hold()
    process.send_signal(signal.SIGKILL)
    process.wait()
    with exclusive(tmp_path / "lock"):
        held = json.loads((tmp_path / "lock").read_text())
    assert held["pid"] == os.getpid()


def test_who_waits_is_told_for_whom_and_goes_on_when_that_one_ends(hold, tmp_path):
    process = hold()
    told = []

    def end(holder):
        told.append(holder)
        threading.Timer(0.1, process.stdin.close).start()

    with exclusive(tmp_path / "lock", end):
        assert process.wait() == 0
    assert len(told) == 1 and f"process {process.pid}" in told[0]


def test_a_lock_is_free_after_its_block_even_if_that_failed(tmp_path):
    with pytest.raises(KeyError), exclusive(tmp_path / "a" / "lock"):
        raise KeyError
    with exclusive(tmp_path / "a" / "lock"):
        pass
    assert (tmp_path / "a" / "lock").read_text() == ""


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', "é"])
def test_a_holder_that_has_not_said_who_it_is_is_another_process(tmp_path, text):
    with exclusive(tmp_path / "lock"):
        (tmp_path / "lock").write_text(text)
        with pytest.raises(Busy, match=r"^another process$"), exclusive(tmp_path / "lock"):
            pass


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("/srv/bin/funnelrank", "funnelrank run 'my shop.yaml'"),
        ("/srv/pipeline/__main__.py", "python -m pipeline run 'my shop.yaml'"),
    ],
)
def test_a_command_is_told_as_a_shell_takes_it(program, told, monkeypatch):
    monkeypatch.setattr(sys, "argv", [program, "run", "my shop.yaml"])
    assert Holder.here().command == told
