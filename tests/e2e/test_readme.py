"""Every command of the README, as a reader would type it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parent.parent.parent
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
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    others = [line for line in commands() if not line.startswith("make ")]
    assert others and all(line.startswith("funnelrank ") for line in others)
    for command in others:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        assert done.stderr == "", command
    assert (tmp_path / "runs" / "shop" / "scores.parquet").exists()
