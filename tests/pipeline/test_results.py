import math
from pathlib import Path

import pytest

from pipeline.executions import newest_executions
from pipeline.results import read_ledger, read_results
from pipeline.work_dir import WorkDir

NODES = ["LogExampleGen", "Trainer", "Evaluator", "BaselineModel", "ModelGate", "AtomicPusher"]


@pytest.fixture
def executions(finished, tmp_path):
    def make(**options):
        finished(**options)
        return newest_executions(WorkDir(tmp_path / "work"), "tiny", NODES)

    return make


def test_the_results_of_a_pushed_model_have_figures_verdicts_and_its_place(executions):
    results = read_results(executions())
    assert results.candidate == {
        ("ctr", "auc"): 0.75,
        ("ctr", "calibration"): 1.25,
        ("ctr", "example_count"): 4.0,
    }
    assert results.baseline == {("ctr", "auc"): 0.625}
    assert [(verdict.gate, verdict.value) for verdict in results.verdicts] == [("ctr.auc", 0.75)]
    assert results.refused == ()
    assert results.model_dir == Path("/serving [new]/17")
    assert results.ledger["impressions"]["read"] == 12
    assert results.rejects == Path("/kept/rejects/7")
    assert results.diagnostics["dead_experts"] == [3]


def test_a_first_model_has_no_baseline(executions):
    assert read_results(executions(first=True)).baseline is None


def test_a_refused_model_lies_nowhere_and_its_verdicts_say_why(executions):
    results = read_results(executions(pushed=False, auc=0.5))
    assert results.model_dir is None
    assert [verdict.reason for verdict in results.refused] == [
        "ctr.auc is 0.5, it must be at least 0.6 [always]"
    ]


def test_a_value_that_could_not_be_measured_is_no_number(executions):
    (verdict,) = read_results(executions(pushed=False, auc=None)).verdicts
    assert math.isnan(verdict.value)


def test_the_ledger_can_be_read_before_the_run_is_over(executions):
    assert read_ledger(executions())["examples"] == {"train": 6, "eval": 4}
