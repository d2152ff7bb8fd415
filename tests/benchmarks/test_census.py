"""The benchmark on a small invented census: it trains once, and says what is missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from examples.census.fields import FIELDS

ROOT = Path(__file__).resolve().parents[2]
EDUCATION = ("10th grade", "Masters degree(MA MS MEng MEd MSW MBA etc)")
MARRIED = ("Divorced", "Never married")


def run(*arguments: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "benchmarks/census.py", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )


def person(random: np.random.Generator) -> str:
    """A line of the files: who works in industry 1 earns more, and the young are not married."""
    industry, age, school = random.integers(0, 2, 3)
    fields = dict.fromkeys(FIELDS, "0")
    fields |= {"industry_code": str(industry), "age": str(20 + 30 * age)}
    fields |= {"education": EDUCATION[school], "marital_status": MARRIED[1 - age]}
    return ", ".join((fields | {"income": ("- 50000.", "50000+.")[industry]}).values()) + "\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    folder = tmp_path / "source"
    folder.mkdir()
    for end, rows in (("data", 4096), ("test", 200)):
        people = [person(random) for _ in range(rows)]
        (folder / f"census-income.{end}").write_text("".join(people))
    return folder


@pytest.mark.long
def test_it_trains_once_and_tells_the_same_from_what_it_kept(source, tmp_path):
    asked = ("--source", source, "--results", tmp_path, "--settings", 1, "--seeds", 2)
    asked = (*asked, "--group", "group_1", "--method", "shared_bottom")
    first = run(*asked)
    assert first.returncode == 0, first.stderr
    kept = json.loads((tmp_path / "census.json").read_text())
    assert set(kept["runs"]) == {
        "size shared_bottom",
        "group_1 shared_bottom setting 0 seed 1000",
        "group_1 shared_bottom setting 0 seed 0",
        "group_1 shared_bottom setting 0 seed 1",
    }
    found = kept["summary"]["shared_bottom"]["group_1.income_over_50k.auc"]
    runs = [kept["runs"][f"group_1 shared_bottom setting 0 seed {seed}"] for seed in (0, 1)]
    aucs = [run["test"]["income_over_50k"] for run in runs]
    assert found["mean"] == pytest.approx(np.mean(aucs))
    assert found["mean"] > 0.99
    tuned = kept["runs"]["group_1 shared_bottom setting 0 seed 1000"]
    assert set(tuned) == {"validation", "seconds"}

    second = run(*asked)
    assert "1 left" in first.stdout
    assert "left" not in second.stdout
    assert second.stdout in first.stdout


def test_without_the_files_it_says_where_they_come_from(tmp_path):
    result = run("--source", tmp_path)
    assert result.returncode == 2
    assert "examples/census/README.md" in result.stderr
