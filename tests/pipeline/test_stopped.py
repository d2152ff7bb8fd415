import json
import logging

import pytest
from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.orchestration.pipeline import Pipeline

from components.data_gate.component import DataGate
from components.data_report.artifacts import DataFindings
from components.data_report.report import REPORT_FILE, Findings, Spans
from components.log_example_gen.artifacts import LogLedger
from components.refusal import Refusal
from components.run_report.component import RunReport
from components.run_report.facts import Facts, Stop
from pipeline import run as running
from pipeline.config_file import load_config
from pipeline.display import Display
from pipeline.errors import RunFailed
from pipeline.stopped import stop_at
from pipeline.work_dir import WorkDir

SPEC = {"features": {"price": {"kind": "numeric", "side": "item"}}, "spans": ["2026-01-02"]}


@component
def Ledger(ledger: OutputArtifact[LogLedger], text: Parameter[str]) -> None:
    """Writes a ledger; none if there is no text."""
    if not text:
        raise ValueError("no file matches")
    with fileio.open(f"{ledger.uri}/ledger.json", "w") as file:
        file.write(text)


@component
def Report(report: OutputArtifact[DataFindings], text: Parameter[str]) -> None:
    """Writes what is objected to; fails on the text `bad`."""
    if text == "bad":
        raise KeyError("price")
    with fileio.open(f"{report.uri}/{REPORT_FILE}", "w") as file:
        file.write(text)


@pytest.fixture
def logs_as_before():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def run(tmp_path, write_config, logs_as_before):
    """Runs Ledger, Report, DataGate and RunReport; returns the error and the facts, if written."""
    from rich.console import Console

    work = WorkDir(tmp_path / "work")
    work.logs.mkdir(parents=True)

    def do(run, *objections, rows=7, text=None, reporting=True):
        ledger = {"impressions": {"read": rows, "rejected": {}, "examples": rows}}
        ledger |= {"examples": {"train": rows}}
        told = Findings(
            features={"price": {"kind": "numeric", "coverage": 0.5}}, rates={},
            objections=objections, spans=Spans(newest="2026-01-02"),
        )  # fmt: skip
        first = Ledger(text=json.dumps(ledger) if rows else "").with_id("LogExampleGen")
        report = Report(text=text or told.model_dump_json()).with_id("DataReport")
        report.add_upstream_node(first)
        gate = DataGate(report=report.outputs["report"], pipeline_name="tiny")
        nodes = [first, report, gate]
        if reporting:
            last = RunReport(
                run=run, name="tiny", spec=json.dumps(SPEC), config="name: tiny\n",
                reports=str(work.reports), timings=str(work.timings / f"{run}.json"),
                ledger=first.outputs["ledger"],
                data_report=report.outputs["report"],
            )  # fmt: skip
            last.add_upstream_node(gate)
            nodes.append(last)
        graph = Pipeline("tiny", str(work.artifacts), components=nodes, enable_cache=True)
        log, failure = work.logs / f"{run}.log", None
        with Display(Console(quiet=True)) as display:
            try:
                running.execute(load_config(write_config()), work, display, log, lambda: graph, [])
            except RunFailed as error:
                failure = str(error)
        facts = work.reports / run / "facts.json"
        return failure, Facts.model_validate_json(facts.read_bytes()) if facts.exists() else None

    do.work = work
    return do


def test_a_stopped_run_is_told_by_what_its_own_nodes_left_and_by_nothing_older(run):
    failure, facts = run("20260101T000000Z", rows=7)
    assert (failure, facts.stop) == (None, None)
    assert facts.features["price"].coverage == 0.5

    # This one stops before there is a report of the data: that of the run before is not its own.
    failure, facts = run("20260102T000000Z", rows=9, text="bad")
    log = run.work.logs / "20260102T000000Z.log"
    assert failure == f"DataReport failed: KeyError: 'price'. The whole story is in {log}"
    assert facts.stop == Stop(
        node="DataReport", objections=("KeyError: 'price'",), way_out=f"The whole story is in {log}"
    )
    assert facts.funnel.rows == {"train": 9}
    assert facts.features["price"].coverage is None
    assert facts.missing["data"] == "The run stopped at DataReport, before it came to this."
    assert [one.node for one in facts.timings] == ["LogExampleGen"]

    # Its ledger comes from the cache.
    failure, facts = run("20260103T000000Z", "price drifts", "user is new", rows=7)
    assert failure.startswith("DataGate failed: the data of tiny is refused: price drifts; user is")
    assert (facts.stop.node, facts.stop.objections) == ("DataGate", ("price drifts", "user is new"))
    assert facts.funnel.rows == {"train": 7}
    assert facts.data.objections == facts.stop.objections
    assert [(one.node, one.cached) for one in facts.timings] == [
        ("LogExampleGen", True),
        ("DataReport", False),
    ]
    made = {one.name: one.path for one in facts.lineage.artifacts}
    assert made["ledger"].startswith("artifacts/LogExampleGen/ledger/")
    assert [one.name for one in facts.lineage.artifacts] == ["ledger", "data_report"]
    assert (run.work.reports / "20260103T000000Z" / "index.html").exists()


def test_a_run_whose_logs_were_not_read_has_no_report_nor_has_a_graph_without_one(run):
    failure, facts = run("20260101T000000Z", rows=0)
    assert failure.startswith("LogExampleGen failed: no file matches. ")
    assert facts is None
    failure, facts = run("20260102T000000Z", "price drifts", reporting=False)
    assert failure.startswith("DataGate failed: ")
    assert facts is None


def test_a_report_that_cannot_be_written_does_not_hide_why_the_run_stopped(run):
    run.work.reports.write_text("a file where the folder should be")
    failure, facts = run("20260101T000000Z", "price drifts")
    assert failure.startswith("DataGate failed: the data of tiny is refused: price drifts. ")
    assert facts is None
    written = (run.work.logs / "20260101T000000Z.log").read_text()
    assert "Refusal: the data of tiny is refused" in written
    assert written.endswith("is not a directory\n")


def test_what_a_gate_objects_to_stays_apart_and_any_other_error_is_one_sentence(tmp_path):
    log = tmp_path / "run.log"
    refusal = Refusal("a. b. Mend it", ("a", "b"), "Mend it")
    assert stop_at("LogGate", refusal, log) == Stop(
        node="LogGate", objections=("a", "b"), way_out="Mend it"
    )
    assert stop_at("Trainer", MemoryError(), log) == Stop(
        node="Trainer", objections=("MemoryError",), way_out=f"The whole story is in {log}"
    )
