"""A tiny config with its logs, written by hand, and a real metadata store: nothing imports TFX."""

import csv
import datetime
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from pipeline.cli import main

SPANS = (datetime.date(2026, 1, 1), datetime.date(2026, 1, 2))
KNOWN = datetime.datetime(2026, 1, 3, 2, tzinfo=datetime.UTC)

# Tests name its lines.
CONFIG = """\
name: tiny
logs:
  root: "<ROOT>"
  impressions: {path: "impressions/{SPAN}/*.<FORM>", id: id, time: {column: time, unit: s}}
  clicks:      {path: "clicks/{SPAN}/*.<FORM>",      id: id, time: {column: time, unit: s}}
  conversions: {path: "conversions/{SPAN}/*.<FORM>", id: id, time: {column: time, unit: s}}
attribution: {click_window: 1h, conversion_window: 1h}
window: 2
features:
  user:  {kind: categorical, side: user, hash: 10, width: 4}
  price: {kind: numeric, side: item}
heads:
  ctr: {label: click}
  cvr: {label: conversion, given: ctr}
model: {trunk: shared_bottom, units: [8], tower: [4]}
training: {batch_size: 4}
gates: {ctr.auc: ">= 0.6"}
"""
IMPRESSIONS = [
    {"id": "a", "time": 1_767_225_600, "user": "u", "price": 1.5},
    {"id": "b", "time": 1_767_225_601, "user": "v", "price": 2.5},
]
EVENTS = [{"id": "a", "time": 1_767_225_660}]
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Writes the config, with texts in it replaced, and returns its path."""

    def write(*changes: tuple[str, str], form: str = "parquet") -> Path:
        text = CONFIG.replace("<ROOT>", str(tmp_path / "logs")).replace("<FORM>", form)
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / "tiny.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_rows() -> Callable[..., Path]:
    """Writes one file of a log; its name says the format."""

    def write(path: Path, rows: list[dict[str, Any]]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
        elif path.suffix == ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        return path

    return write


@pytest.fixture
def write_logs(tmp_path: Path, write_rows: Callable[..., Path]) -> Callable[..., Path]:
    """Writes three days of the three logs and returns their root."""

    def write(form: str = "parquet") -> Path:
        for day in DAYS:
            for log in ("impressions", "clicks", "conversions"):
                rows = IMPRESSIONS if log == "impressions" else EVENTS
                write_rows(tmp_path / "logs" / log / day / f"part.{form}", rows)
        return tmp_path / "logs"

    return write


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., int]:
    """Records executions of nodes in a real SQLite store, as TFX does, under `tmp_path`/work."""
    from ml_metadata.metadata_store import metadata_store
    from ml_metadata.proto import metadata_store_pb2 as pb

    (tmp_path / "work").mkdir()
    connection = pb.ConnectionConfig()
    connection.sqlite.filename_uri = str(tmp_path / "work" / "metadata.sqlite")
    connection.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    store = metadata_store.MetadataStore(connection)
    node_type = store.put_context_type(pb.ContextType(name="node"))
    artifact_type = store.put_artifact_type(pb.ArtifactType(name="Thing"))

    def write(
        node: str,
        state: str,
        uris: Mapping[str, str],
        properties: Mapping[str, int | str | float] | None = None,
        pipeline: str = "tiny",
    ) -> int:
        execution_type = store.put_execution_type(pb.ExecutionType(name=node))
        execution = pb.Execution(
            type_id=execution_type, last_known_state=pb.Execution.State.Value(state)
        )
        outputs = []
        for name, uri in uris.items():
            artifact = pb.Artifact(type_id=artifact_type, uri=uri)
            for key, value in (properties or {}).items():
                field = {int: "int_value", str: "string_value", float: "double_value"}[type(value)]
                setattr(artifact.custom_properties[key], field, value)
            event = pb.Event(type=pb.Event.OUTPUT)
            event.path.steps.add().key = name
            event.path.steps.add().index = 0
            outputs.append((artifact, event))
        context = pb.Context(type_id=node_type, name=f"{pipeline}.{node}")
        known = store.get_context_by_type_and_name("node", context.name)
        execution_id, _, _ = store.put_execution(execution, outputs, [known or context])
        return execution_id

    return write


@pytest.fixture
def write_evaluation() -> Callable[..., None]:
    """Writes figures as the Evaluator leaves them: (model, output, metric) -> value."""
    from evaluation.figures import FIGURES_FILE, Evaluation, Figure, OutputFigures, SliceFigures

    def write(folder: Path, figures: Mapping[tuple[str, str, str], float]) -> None:
        models = tuple(dict.fromkeys(model for model, _, _ in figures))
        outputs = {
            output: OutputFigures(
                rows=4,
                positives=1,
                weight=4.0,
                models={
                    model: {
                        metric: Figure(value=value)
                        for (of, about, metric), value in figures.items()
                        if (of, about) == (model, output)
                    }
                    for model in models
                },
            )
            for _, output, _ in figures
        }
        found = Evaluation(models=models, slices=(SliceFigures(slice={}, outputs=outputs),))
        folder.mkdir(parents=True)
        (folder / FIGURES_FILE).write_text(found.model_dump_json(), encoding="utf-8")

    return write


@pytest.fixture
def finished(
    tmp_path: Path, record: Callable[..., int], write_evaluation: Callable[..., None]
) -> Callable[..., None]:
    """Records the nodes of a run that came to its end, and what they left behind."""

    def write(*, first: bool = False, pushed: bool = True, auc: float = 0.75) -> None:
        work = tmp_path / "work"
        (work / "ledger").mkdir()
        ledger = {
            "examples": {"train": 6, "eval": 4},
            "impressions": {"read": 12, "rejected": {"id: missing": 2}, "examples": 10},
            "firsts": [
                {
                    "log": "impressions",
                    "file": "/logs/[day]/part.csv",
                    "row": 7,
                    "column": "id",
                    "value": None,
                    "reason": "missing",
                    "scope": "row",
                }
            ],
            "suspects": [],
            "moments": {"train": [0, 1], "eval": [2, 3]},
        }
        (work / "ledger" / "ledger.json").write_text(json.dumps(ledger), encoding="utf-8")
        figures = {("candidate", "ctr", "auc"): auc, ("candidate", "ctr", "calibration"): 1.25}
        if not first:
            figures["baseline", "ctr", "auc"] = 0.625
        write_evaluation(work / "evaluation", figures)
        verdict = {
            "gate": "ctr.auc",
            "slice": {},
            "bar": ">= 0.6",
            "value": auc,
            "low": None,
            "high": None,
            "baseline": None,
            "said": "passed" if pushed else "refused",
            "spoke": True,
            "passed": pushed,
            "reason": f"ctr.auc is {auc}, it must be at least 0.6 [always]",
        }
        (work / "blessing").mkdir()
        (work / "blessing" / "verdicts.json").write_text(json.dumps([verdict]), encoding="utf-8")
        logs = {"ledger": str(work / "ledger"), "rejects": "/kept/rejects/7"}
        record("LogExampleGen", "COMPLETE", logs)
        (work / "curves").mkdir()
        diagnostics = {"gradient_cosine": {}, "dead_experts": [3], "same_experts": []}
        (work / "curves" / "diagnostics.json").write_text(json.dumps(diagnostics), encoding="utf-8")
        record("Trainer", "COMPLETE", {"model_run": str(work / "curves")})
        record("Evaluator", "COMPLETE", {"evaluation": str(work / "evaluation")})
        took = {"first": 0.4, "p50": 0.0045, "p95": 0.005, "p99": 0.0061, "requests": 90}
        cost = {"load": 1.25, "memory": 80_000_000, "doors": {"rank": took}}
        (work / "cost").mkdir()
        (work / "cost" / "serving.json").write_text(
            json.dumps({**cost, "budget": {"items": 300, "warm": "50ms"}}), encoding="utf-8"
        )
        record("ServingCheck", "COMPLETE", {"blessing": str(work / "cost")})
        record("BaselineModel", "COMPLETE", {"baseline": "/b"}, {"own_baseline": int(first)})
        record("ModelGate", "COMPLETE", {"blessing": str(work / "blessing")})
        served = tmp_path / "serving [new]" / "17"
        served.mkdir(parents=True)
        destination = {
            "pushed": 1,
            "pushed_destination": str(served),
            "pushed_version": "17",
        }
        record(
            "AtomicPusher",
            "COMPLETE",
            {"pushed_model": "/p"},
            destination if pushed else {"pushed": 0},
        )

    return write


@pytest.fixture
def invoke():
    """Calls the command line as a user does."""

    def invoked(*arguments):
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return invoked


@pytest.fixture
def sentence():
    """Checks the exit code and that stderr is one sentence, which it returns."""

    def said(result, code: int) -> str:
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        (line,) = result.stderr.splitlines()
        assert line.startswith("Error: ")
        return line.removeprefix("Error: ")

    return said


@pytest.fixture
def create(write_config, tmp_path):
    """Makes the graph of the tiny config, with overrides."""

    def make(*overrides, spans=SPANS, fingerprint="abc", as_of=KNOWN):
        from pipeline.asked import Asked
        from pipeline.config_file import load_config
        from pipeline.pipeline import create_pipeline
        from pipeline.preflight import Inputs
        from pipeline.work_dir import WorkDir

        asked = Asked.of(Inputs(spans, fingerprint, as_of), "20260103T020000Z")
        config = load_config(write_config(), overrides)
        return create_pipeline(config, asked, WorkDir(tmp_path / "work"))

    return make


@pytest.fixture
def nodes():
    """Returns the nodes of a graph by name."""
    return lambda pipeline: {node.id: node for node in pipeline.components}


@pytest.fixture
def properties(nodes):
    """Returns the parameters of a node."""
    return lambda pipeline, node: nodes(pipeline)[node].exec_properties


@pytest.fixture
def upstream(nodes):
    """Returns the names of the nodes that a node waits for."""
    return lambda pipeline, name: {node.id for node in nodes(pipeline)[name].upstream_nodes}


@pytest.fixture
def changed(nodes, properties):
    """Names the nodes whose parameters differ, but for the report, which has the whole config."""

    def differing(one, other):
        names = [name for name in nodes(one) if name != "RunReport"]
        return [name for name in names if properties(one, name) != properties(other, name)]

    return differing
