import datetime
import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from pipeline import run as running
from pipeline.config_file import load_config
from pipeline.day_record import read_day
from pipeline.errors import RunFailed
from pipeline.executions import newest_executions
from pipeline.lock import locked
from pipeline.preflight import resolve_inputs
from pipeline.report import reports
from pipeline.work_dir import WorkDir

ROOT = Path(__file__).resolve().parents[2]
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
def logs_as_before():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_tensorflow_that_cannot_be_imported_is_one_sentence_and_exit_code_one(
    write_config, write_logs, tmp_path
):
    write_logs()
    broken = tmp_path / "path" / "tensorflow" / "__init__.py"
    broken.parent.mkdir(parents=True)
    broken.write_text("raise ImportError('libcudart.so is missing')\n")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "run", str(write_config()), "--work", tmp_path / "work"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "path")},
        capture_output=True,
        text=True,
    )
    (log,) = (tmp_path / "work" / "logs").iterdir()
    assert done.returncode == 1
    assert done.stderr == (
        "Error: loading TFX failed: ImportError: libcudart.so is missing. "
        f"The whole story is in {log}\n"
    )
    assert done.stdout == "tiny: 2 spans, 2026-01-02 to 2026-01-03\n"
    assert "Traceback (most recent call last):" in log.read_text()


def test_a_node_that_fails_is_named_with_the_rule_and_the_log(
    write_config, write_logs, tmp_path, capfd, logs_as_before
):
    root = write_logs()
    work = WorkDir(tmp_path / "work")
    config = load_config(write_config())
    inputs = resolve_inputs(config)
    for file in (root / "clicks").rglob("*.parquet"):  # gone between the check and the run
        file.unlink()
    with pytest.raises(RunFailed) as failure:
        running.run(config, inputs, work)
    (log,) = work.logs.iterdir()
    sentence = str(failure.value)
    assert sentence.startswith("LogExampleGen failed: no file matches ")
    assert sentence.endswith(f". The whole story is in {log}")
    assert "\n" not in sentence
    assert "Traceback (most recent call last):" in log.read_text()
    assert [line.split()[:2] for line in capfd.readouterr().out.splitlines()] == [
        ["tiny:", "2"],
        ["✓", "loading"],
        ["✓", "ExamplesSchema"],
    ]


def test_a_run_that_a_gate_stops_has_a_report_and_the_same_end(
    write_config, write_logs, write_rows, tmp_path, capfd, logs_as_before
):
    logs = write_logs() / "impressions" / "2026-01-03" / "more.parquet"
    write_rows(logs, [{"id": None, "time": 1_767_225_602, "user": "u", "price": 1.5}])
    work = WorkDir(tmp_path / "work")
    config = load_config(write_config())
    with pytest.raises(RunFailed) as failure:
        running.run(config, resolve_inputs(config), work)
    (log,) = work.logs.iterdir()
    broken = "1 of 5 rows of the impressions log are malformed, more than max_rejects, 1%: "
    assert str(failure.value).startswith(f"LogGate failed: {broken}id: missing (1), as in ")
    assert str(failure.value).endswith(f". The whole story is in {log}")
    day = read_day(work, datetime.date(2026, 1, 3))
    assert (day.outcome, day.run, day.version) == ("failed", log.stem, None)
    assert day.reasons == (str(failure.value),)
    page = work.reports / log.stem / "index.html"
    assert f"report {page}" in capfd.readouterr().out
    (told,) = reports(work.root)
    assert told.page == page
    facts = told.facts
    assert (facts.stop.node, facts.version, facts.blessed) == ("LogGate", None, None)
    assert facts.stop.objections[0].startswith(f"{broken}id: missing (1), as in ")
    assert facts.stop.way_out.startswith(f"All of it is in {work.artifacts}/LogExampleGen/rejects/")
    assert facts.funnel.rejected["impressions"] == {"id: missing": 1}
    assert list(facts.features) == ["user", "price"]
    assert [one.node for one in facts.timings] == ["ExamplesSchema", "LogExampleGen"]
    assert {one.name for one in facts.lineage.artifacts} == {"ledger", "examples", "rejects"}
    assert "Stopped at LogGate" in page.read_text(encoding="utf-8")


@pytest.fixture
def report(finished, write_config, tmp_path):
    def make(*, aside=None, **options):
        finished(**options)
        if aside is not None:
            served = tmp_path / "serving [new]"
            (served / aside).mkdir()
            (served / "17").rename(served / aside / "17")
        executions = newest_executions(WorkDir(tmp_path / "work"), "tiny", NODES)
        console = Console(file=io.StringIO(), width=80)
        results = running._report(load_config(write_config()), executions, console)
        return results.passed, console.file.getvalue()

    return make


def test_the_report_of_a_pushed_model_ends_in_its_place(report, tmp_path):
    passed, text = report()
    assert passed
    assert text.rstrip().endswith(f"model  {tmp_path}/serving [new]/17")
    used = "experts  expert 3 is used by no head"
    for line in ("kept               10", used, "ctr.auc  >= 0.6  0.7500  –  passed"):
        assert line in text
    assert "output     AUC  ±  baseline" in text


def test_the_report_says_what_could_not_be_used_below_the_rows(report):
    _, text = report()
    assert (
        "rejected            2\n"
        "rejected 2 impressions: id: missing\n"
        "         /logs/[day]/part.csv:7\n"
        "rejects  /kept/rejects/7\n\nRanking"
    ) in text


def test_the_report_tells_what_answering_costs_before_the_gates(report):
    _, text = report()
    lines = [line.rstrip() for line in text.splitlines()]
    start = lines.index("Serving, ms for 300 rows")
    assert lines[start + 1 : start + 7] == [
        "door  first  p50  p95  p99",
        "rank  400.0  4.5  5.0  6.1",
        "load     1.25 s, memory 80 MB beside TensorFlow's own",
        "budget   warm 4.5 ms of 50 ms",
        "",
        "Gates",
    ]
    assert lines.index("Probabilities") < start


def test_the_report_of_a_refused_model_ends_in_the_reasons(report):
    passed, text = report(pushed=False, auc=0.5, first=True)
    assert not passed
    assert text.endswith(
        "The model was refused and is not served:\n"
        "  ctr.auc is 0.5, it must be at least 0.6 [always]\n"
    )
    assert "baseline" not in text


def test_a_model_that_was_withdrawn_is_not_said_to_be_served(report):
    passed, text = report(aside=".withdrawn")
    assert not passed
    assert "Nothing new is served: this is the model of version 17, which was withdrawn" in text
    assert "To serve it: mv '" in text


def test_a_model_that_was_deleted_is_not_said_to_be_served(report, tmp_path):
    passed, text = report(aside="deleted")
    assert not passed
    assert text.endswith(
        "Nothing new is served: this is the model of version 17, which was removed since.\n"
        f"  Put back {tmp_path}/serving [new]/17, or change the config: then a new one is trained\n"
    )


def test_a_model_of_an_earlier_day_than_the_one_served_has_passed_and_is_said_not_to_be_served(
    report, tmp_path
):
    passed, text = report(aside=".superseded")
    assert passed
    assert text.endswith(
        "It passed, and is not served: a model of a later day is.\n"
        f"  To serve it: mv '{tmp_path}/serving [new]/.superseded/17' '{tmp_path}/serving [new]'/\n"
    )


def test_a_run_is_refused_while_another_is_at_work_there(write_config, write_logs, tmp_path):
    write_logs()
    work = WorkDir(tmp_path / "work")
    config = load_config(write_config())
    with locked(work), pytest.raises(RunFailed, match=r"work is in use by .*two runs would mix"):
        running.run(config, resolve_inputs(config), work)
    assert not work.logs.exists()
    assert read_day(work, datetime.date(2026, 1, 3)) is None
