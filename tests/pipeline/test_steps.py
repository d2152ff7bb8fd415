import json

import pytest

from pipeline.config_file import load_config
from pipeline.steps import Steps
from pipeline.work_dir import WorkDir


class Heard:
    """Writes down what a display would show."""

    def __init__(self):
        self.lines = []

    def start(self, step):
        self.lines.append(("start", step))

    def finish(self, step, took, rows, note=""):
        self.lines.append(("finish", step, took, rows, *filter(None, [note])))


@pytest.fixture
def ledger(tmp_path):
    folder = tmp_path / "ledger"
    folder.mkdir()
    counts = {
        "impressions": {"read": 100},
        "clicks": {"read": 7},
        "conversions": {"read": 3},
        "examples": {"train": 60, "eval": 30},
    }
    (folder / "ledger.json").write_text(json.dumps(counts))
    return {"ledger": str(folder), "examples": "/examples"}


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def steps(heard, record, write_config, tmp_path):
    config = load_config(write_config(), ["training.epochs=3"])
    return Steps(config, WorkDir(tmp_path / "work"), heard, run="now")


@pytest.fixture
def timings(tmp_path):
    """Reads what was written down of the run."""
    return lambda: json.loads((tmp_path / "work" / "timings" / "now.json").read_text())


def test_each_step_is_told_with_the_rows_it_went_through(steps, heard, record, ledger):
    nodes = ("LogExampleGen", "StatisticsGen", "Transform", "Trainer", "Evaluator", "DataGate")
    for node in nodes:
        record(node, "COMPLETE", ledger if node == "LogExampleGen" else {})
        steps.on_node(node, 2.0)
    assert [(line[1], line[3]) for line in heard.lines] == [
        ("LogExampleGen", 110),  # of all logs
        ("StatisticsGen", 90),
        ("Transform", 90),
        ("Trainer", 180),
        ("Evaluator", 30),
        ("DataGate", None),
    ]
    assert list(steps.executions) == list(nodes)


def test_a_step_that_starts_is_shown_and_is_the_current_one(steps, heard):
    assert steps.current == "the graph"
    steps.on_node("Trainer", None)
    assert heard.lines == [("start", "Trainer")]
    assert steps.current == "Trainer"
    assert steps.executions == {}


def test_a_cached_step_has_neither_time_nor_rows(steps, heard, record, ledger):
    record("LogExampleGen", "CACHED", ledger)
    steps.on_node("LogExampleGen", 0.2)
    assert heard.lines == [("finish", "LogExampleGen", None, None)]
    assert steps.executions["LogExampleGen"].cached


def test_a_cached_ledger_still_counts_for_the_steps_after_it(steps, heard, record, ledger):
    record("LogExampleGen", "CACHED", ledger)
    record("Trainer", "COMPLETE", {})
    steps.on_node("LogExampleGen", 0.2)
    steps.on_node("Trainer", 5.0)
    assert heard.lines[-1] == ("finish", "Trainer", 5.0, 180)


def test_a_transform_tells_how_many_spans_it_analysed(steps, heard, record, ledger):
    record("LogExampleGen", "COMPLETE", ledger)
    record(
        "Transform", "COMPLETE", {"transform_graph": "/graph"}, {"spans": 6, "spans_analysed": 1}
    )
    steps.on_node("LogExampleGen", 1.0)
    steps.on_node("Transform", 1.0)
    assert heard.lines[-1] == ("finish", "Transform", 1.0, 90, "1/6 spans new")


def test_a_step_that_left_no_record_is_no_finished_step(steps, heard, tmp_path):
    with pytest.raises(ValueError) as error:
        steps.on_node("Trainer", 1.0)
    assert str(error.value) == (
        f"{tmp_path / 'work'}/metadata.sqlite no longer has what this run wrote there: it was "
        "deleted or replaced meanwhile. Put it back, then run again"
    )
    assert heard.lines == []


def test_each_node_that_is_done_is_written_down(steps, record, ledger, timings):
    for node, state, kept in (("LogExampleGen", "CACHED", ledger), ("Trainer", "COMPLETE", {})):
        steps.on_node(node, None)
        record(node, state, kept)
        steps.on_node(node, 3.0)
        assert timings()[-1]["peak_bytes"] > 2**20
    found = [{**one, "peak_bytes": 0} for one in timings()]
    shared = {"seconds": 3.0, "peak_bytes": 0}
    assert found == [
        {"node": "LogExampleGen", "cached": True, "rows": None, **shared},
        {"node": "Trainer", "cached": False, "rows": 180, **shared},
    ]


def test_a_node_that_does_not_end_leaves_the_nodes_before_it_written_down(steps, record, timings):
    record("DataGate", "COMPLETE", {})
    steps.on_node("DataGate", None)
    steps.on_node("DataGate", 1.0)
    steps.on_node("Trainer", None)
    assert [one["node"] for one in timings()] == ["DataGate"]
