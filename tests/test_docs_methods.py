"""`docs/methods.md` says what the docstrings and the results of benchmarks say."""

import os
import subprocess
import sys
from pathlib import Path

# What everybody does: no paper's.
NOBODYS = ("mlp", "weighted_sample", "fixed")
ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_code_and_the_results_say():
    done = subprocess.run(
        [sys.executable, "docs/methods.py", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_method_has_its_line_with_what_when_and_whose():
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    methods = [row for row in rows if row.count(" | ") == 4]
    assert len(methods) == 5 + 7 + 15 + 5
    for row in methods:
        yaml, what, when, paper, _ = row.strip("| ").split(" | ")
        assert yaml.startswith("`") and what.endswith(".") and len(when) > 20
        assert paper.startswith("[") or any(name in yaml for name in NOBODYS), row
