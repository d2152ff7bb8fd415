import math
from pathlib import Path

import pytest

from pipeline.executions import newest_executions
from pipeline.results import read_ledger, read_results
from pipeline.work_dir import WorkDir

NODES = [
    "LogExampleGen",
    "Trainer",
    "ServingCheck",
    "Evaluator",
    "BaselineModel",
    "ModelGate",
    "AtomicPusher",
]


@pytest.fixture
def executions(finished, tmp_path):
    def make(**options):
        finished(**options)
        return newest_executions(WorkDir(tmp_path / "work"), "tiny", NODES)

    return make


def test_the_results_of_a_pushed_model_have_figures_verdicts_and_its_place(executions, tmp_path):
    results = read_results(executions())
    found = results.evaluation.overall["ctr"].models
    assert {name: figure.value for name, figure in found["candidate"].items()} == {
        "auc": 0.75,
        "calibration": 1.25,
    }
    assert found["baseline"]["auc"].value == 0.625
    assert [(verdict.gate, verdict.value) for verdict in results.verdicts] == [("ctr.auc", 0.75)]
    assert results.refused == ()
    assert results.model_dir == tmp_path / "serving [new]" / "17"
    assert results.served
    assert results.ledger["impressions"]["read"] == 12
    assert results.rejects == Path("/kept/rejects/7")
    assert results.diagnostics["dead_experts"] == [3]
    assert (results.serving.load, results.serving.doors["rank"].p99) == (1.25, 0.0061)
    assert (results.serving.budget.items, results.serving.budget.warm) == (300, 0.05)


def test_a_first_model_has_no_baseline(executions):
    assert read_results(executions(first=True)).evaluation.models == ("candidate",)


def test_a_pushed_model_that_was_withdrawn_since_is_not_served(executions, tmp_path):
    found = executions()
    served = tmp_path / "serving [new]"
    (served / ".withdrawn").mkdir()
    (served / "17").rename(served / ".withdrawn" / "17")
    results = read_results(found)
    assert (results.standing, results.served, results.passed) == ("withdrawn", False, False)
    (served / ".withdrawn" / "17").rmdir()
    assert read_results(found).standing == "removed"


def test_a_model_that_came_too_late_to_be_served_has_passed(executions, tmp_path):
    found = executions()
    served = tmp_path / "serving [new]"
    (served / ".superseded").mkdir()
    (served / "17").rename(served / ".superseded" / "17")
    results = read_results(found)
    assert (results.standing, results.served, results.passed) == ("superseded", False, True)


def test_a_refused_model_lies_nowhere_and_its_verdicts_say_why(executions):
    results = read_results(executions(pushed=False, auc=0.5))
    assert (results.model_dir, results.standing, results.served) == (None, None, False)
    assert [verdict.reason for verdict in results.refused] == [
        "ctr.auc is 0.5, it must be at least 0.6 [always]"
    ]


def test_a_value_that_could_not_be_measured_is_no_number(executions):
    (verdict,) = read_results(executions(pushed=False, auc=math.nan)).verdicts
    assert math.isnan(verdict.value)


def test_the_ledger_can_be_read_before_the_run_is_over(executions):
    assert read_ledger(executions())["examples"] == {"train": 6, "eval": 4}
