from pathlib import Path

import pytest

from pipeline.executions import Execution, Output, newest_executions
from pipeline.work_dir import WorkDir


@pytest.fixture
def work(tmp_path):
    return WorkDir(tmp_path / "work")


def test_a_finished_execution_has_its_outputs_and_their_properties(record, work):
    number = record(
        "Pusher", "COMPLETE", {"pushed_model": "/p/1"}, {"pushed": 1, "version": "7", "share": 0.5}
    )
    assert newest_executions(work, "tiny", ["Pusher"]) == {
        "Pusher": Execution(
            number,
            False,
            {"pushed_model": Output("/p/1", {"pushed": 1, "version": "7", "share": 0.5})},
        )
    }


def test_the_newest_finished_execution_wins(record, work):
    record("Trainer", "COMPLETE", {"model": "/m/1"})
    number = record("Trainer", "COMPLETE", {"model": "/m/2"})
    found = newest_executions(work, "tiny", ["Trainer"])["Trainer"]
    assert (found.id, found.outputs["model"].uri) == (number, "/m/2")


def test_a_cached_execution_counts_and_says_so(record, work):
    record("Trainer", "COMPLETE", {"model": "/m/1"})
    record("Trainer", "CACHED", {"model": "/m/1"})
    found = newest_executions(work, "tiny", ["Trainer"])["Trainer"]
    assert found.cached
    assert found.outputs["model"].uri == "/m/1"


@pytest.mark.parametrize("state", ["FAILED", "RUNNING", "CANCELED", "NEW"])
def test_an_execution_that_is_not_finished_is_ignored(state, record, work):
    number = record("Trainer", "COMPLETE", {"model": "/m/1"})
    record("Trainer", state, {"model": "/m/2"})
    record("Evaluator", state, {})
    found = newest_executions(work, "tiny", ["Trainer", "Evaluator"])
    assert {node: execution.id for node, execution in found.items()} == {"Trainer": number}


def test_a_node_of_another_pipeline_is_another_node(record, work):
    record("Trainer", "COMPLETE", {"model": "/m/1"}, pipeline="other")
    assert newest_executions(work, "tiny", ["Trainer"]) == {}
    assert set(newest_executions(work, "other", ["Trainer", "Nobody"])) == {"Trainer"}


def test_an_execution_without_outputs_has_none(record, work):
    record("DataGate", "COMPLETE", {})
    assert newest_executions(work, "tiny", ["DataGate"])["DataGate"].outputs == {}


def test_several_outputs_keep_their_names(record, work):
    record("LogExampleGen", "COMPLETE", {"examples": "/e", "ledger": "/l"})
    outputs = newest_executions(work, "tiny", ["LogExampleGen"])["LogExampleGen"].outputs
    assert {name: Path(output.uri).name for name, output in outputs.items()} == {
        "examples": "e", "ledger": "l",
    }  # fmt: skip
