"""The floor runs on logs of the converter's form and says what is missing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROWS_A_DAY = 400


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "benchmarks/kuairand_floor.py", *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        capture_output=True,
        text=True,
    )


def column(feature: dict, rng: np.random.Generator) -> list:
    values = [None if x < 0.1 else int(9 * x) for x in rng.random(ROWS_A_DAY)]
    if feature["kind"] == "sequence":
        return [None if value is None else [str(value), "7"] for value in values]
    return values


def write(folder: Path, table: pa.Table) -> None:
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "part-00000.parquet")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Six days in which users of one half always click and like, with every row twice."""
    features = yaml.safe_load((ROOT / "configs" / "kuairand.yaml").read_text())["features"]
    rng = np.random.default_rng(3)
    for day in range(1, 7):
        columns = {name: column(feature, rng) for name, feature in features.items()}
        columns["user_id"] = rng.integers(0, 20, ROWS_A_DAY).tolist()
        columns["impression_id"] = [f"{day}-{row}" for row in range(ROWS_A_DAY)]
        table = pa.table(columns)
        write(tmp_path / "impressions" / f"2022-05-0{day}", pa.concat_tables([table, table]))
        liked = pa.array(user < 10 for user in columns["user_id"])
        for log in ("clicks", "conversions"):
            write(tmp_path / log / f"2022-05-0{day}", table.filter(liked).select(["impression_id"]))
    return tmp_path


def test_users_who_always_click_are_told_from_those_who_never_do(logs):
    result = run(str(logs))
    assert result.returncode == 0, result.stderr
    lines = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in result.stdout.splitlines()
        if line.startswith("│")
    ]
    assert [line[:3] for line in lines] == [
        ["click", "800", "1,600"],
        ["click+like", "800", "1,600"],
    ]
    assert all(float(line[5]) > 0.95 for line in lines)


def test_without_logs_it_says_how_to_make_them(tmp_path):
    result = run(str(tmp_path))
    assert result.returncode == 2
    assert "python -m examples.kuairand SOURCE_DIR" in result.stderr
