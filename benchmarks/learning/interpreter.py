"""Runs a part of a benchmark in an interpreter of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import click

ROOT = Path(__file__).resolve().parents[2]
OURS = Path(sys.executable)


def environment() -> dict[str, str]:
    """Returns the variables of a process with a framework."""
    return {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1", **os.environ}


def python(*arguments: str | Path | int, interpreter: Path = OURS) -> str:
    """Runs a module of this repository in an interpreter of its own; returns what it printed.

    The caller stays small: a child's peak memory begins at its parent's.

    Args:
        *arguments: the module, and what it is told.
        interpreter: a peer's may be that of another environment.

    Raises:
        click.ClickException: if the module fails, with what it said.
    """
    done = subprocess.run(
        [interpreter, "-m", *map(str, arguments)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise click.ClickException(f"{' '.join(map(str, arguments))} failed:\n{done.stderr}")
    return done.stdout


class Worker:
    """A module at work in an interpreter of its own, which answers orders by a line of JSON each.

    Attributes:
        name: of the worker.

    Args:
        name: likewise.
        command: the module, and what it is told.
        log: what it says besides is added here.
        interpreter: a peer's may be that of another environment.
    """

    def __init__(self, name: str, *command: str | Path | int, log: Path, interpreter: Path = OURS):
        self.name = name
        self._log: IO[str] = log.open("a")
        self._process = subprocess.Popen(
            [interpreter, "-m", *map(str, command)],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def order(self, order: object) -> dict[str, Any]:
        """Gives it an order, a line of JSON; returns its answer.

        Raises:
            ClickException: as `answer` does.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Returns the next line that it says.

        Raises:
            ClickException: if it ended instead; its log says why.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise click.ClickException(f"{self.name} ended: see {self._log.name}")
        found: dict[str, Any] = json.loads(line)
        return found

    def stop(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()
        self._log.close()
