"""Every command of the README and of the other pages, as a reader would type it.

Those that run a pipeline's steps do so in forks of a process that knows TFX: importing it takes ten
seconds each.
"""

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.process import run

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parent.parent.parent
FORKED = ("run", "tune", "parity", "tune-score")
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def commands() -> list[str]:
    blocks = [
        block
        for page in PAGES
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith("make ")])
def test_a_make_command_names_a_target(command):
    dry = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert dry.returncode == 0, dry.stderr


def test_the_other_commands_run_one_after_the_other(tmp_path):
    for name in ("configs", "schemas"):
        (tmp_path / name).symlink_to(ROOT / name)
    others = [line for line in commands() if not line.startswith("make ")]
    assert others and all(line.startswith("funnelrank ") for line in others)
    for command in others:
        start = forked if command.split()[1] in FORKED else typed
        code, output, error = start(command, tmp_path)
        assert code == 0, f"{command}\n{output}\n{error}"
        assert error == "", command
    assert (tmp_path / "runs" / "shop" / "scores.parquet").exists()


def typed(command: str, place: Path) -> tuple[int, str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=place, env={**os.environ, "PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def forked(command: str, place: Path) -> tuple[int, str, str]:
    done = run(words(command, place), first=functools.partial(os.chdir, place))
    return done.code, done.output, done.error


def words(command: str, place: Path) -> list[str]:
    """Returns what a shell makes of a command, without its name."""
    split = ["bash", "-c", f"printf '%s\\0' {command}"]
    done = subprocess.run(split, cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[1:-1]
