import json

import pytest
from click.testing import CliRunner

from benchmarks import training
from benchmarks.training_speed.crew import Result


def result(rate: float, peak_mb: float = 1000) -> Result:
    return Result((rate / 2, rate, 3 * rate), (1e-5, 2e-5, 3e-5), 600, peak_mb)


FOUND = {
    "ours": result(33_000),
    "DeepCTR": result(30_000),
    "ours, step alone": result(40_000),
    "ours, input alone": result(200_000),
    "sgemm": result(10),
}


def test_bars_compare_medians():
    assert training.bars(FOUND, "mmoe") == [
        {"bar": "mmoe: 1.1 x DeepCTR's examples/s", "measured": 1.1, "reached": True},
        {
            "bar": "mmoe: 1 x the step's rate for the input alone",
            "measured": 5.0,
            "reached": True,
        },
    ]
    slower = {**FOUND, "ours": result(31_400)}
    assert [bar["reached"] for bar in training.bars(slower, "mmoe")] == [False, True]
    assert [bar["reached"] for bar in training.bars(slower, "esmm")] == [False, True]


def test_utilisation_is_the_share_of_what_the_machine_multiplies():
    # 33,000 x 3.54 MFLOP of 10 x 17.2 GFLOP.
    assert training.utilisation("ours", FOUND, "mmoe") == pytest.approx(0.6804, abs=1e-4)
    assert training.utilisation("ours, input alone", FOUND, "mmoe") is None
    assert training.utilisation("sgemm", FOUND, "mmoe") is None


def test_the_help_needs_no_framework_and_names_every_candidate():
    done = CliRunner().invoke(training.main, ["--help"])
    assert done.exit_code == 0
    assert "torch-rechub" in done.output


@pytest.mark.long
def test_one_run_writes_its_figures(tmp_path):
    report = tmp_path / "training.json"
    arguments = ["--architecture", "esmm", "--candidate", "sgemm", "--turns", "1", "--seconds", "1"]
    arguments += ["--examples", "8192", "--rows-a-table", "100"]
    done = CliRunner().invoke(
        training.main, [*arguments, "--data", str(tmp_path / "data"), "--json", str(report)]
    )
    assert done.exit_code == 0, done.output
    found = json.loads(report.read_text())["results"]["esmm"]
    assert list(found) == ["ours", "sgemm"]
    assert 0 < found["ours"]["utilisation"] < 1.5
    assert "examples/s" in done.output
