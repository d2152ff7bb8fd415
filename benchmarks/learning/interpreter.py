"""Runs a part of a benchmark in an interpreter of its own."""

import os
import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]


def python(*arguments: str | Path | int) -> str:
    """Runs a module of this repository in an interpreter of its own; returns what it printed.

    The caller stays small: a child's peak memory begins at its parent's.

    Raises:
        click.ClickException: if the module fails, with what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=ROOT,
        env={"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1", **os.environ},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise click.ClickException(f"{' '.join(map(str, arguments))} failed:\n{done.stderr}")
    return done.stdout
