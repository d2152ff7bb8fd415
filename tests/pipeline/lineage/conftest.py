"""A real metadata store with runs of a small pipeline, and what their artifacts hold."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

from components.model_gate.verdicts import VERDICTS_FILE, Verdict, verdicts_text
from components.run_report import facts as report
from evaluation.figures import FIGURES_FILE, Evaluation, Figure, OutputFigures, SliceFigures
from pipeline.work_dir import WorkDir
from schemas.served_model import COST_FILE
from schemas.serving import DoorSpeed, ServingConfig, ServingReport

Artifacts = Mapping[str, Any]  # of a node, by the output's name


def _set(properties: Any, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        setattr(properties[key], "int_value" if isinstance(value, int) else "string_value", value)


@pytest.fixture
def write_store() -> Callable[[Path], Callable[..., Artifacts]]:
    """Opens a new store; what it returns records an execution as TFX does, and its artifacts."""

    def opened(path: Path) -> Callable[..., Artifacts]:
        connection = pb.ConnectionConfig()
        connection.sqlite.filename_uri = str(path)
        connection.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        store = metadata_store.MetadataStore(connection)
        types = {
            name: store.put_context_type(pb.ContextType(name=name))
            for name in ("pipeline", "pipeline_run", "node")
        }

        def record(
            run: str,
            node: str,
            *,
            inputs: Artifacts | None = None,
            outputs: Mapping[str, Any],
            of: Mapping[str, Any] | None = None,
            cached: bool = False,
            **parameters: str,
        ) -> Artifacts:
            execution = pb.Execution(
                type_id=store.put_execution_type(pb.ExecutionType(name=node)),
                last_known_state=pb.Execution.CACHED if cached else pb.Execution.COMPLETE,
            )
            _set(execution.custom_properties, parameters)
            pairs = [
                (artifact, _event(pb.Event.INPUT, name))
                for name, artifact in (inputs or {}).items()
            ]
            for name, made in outputs.items():
                artifact = made
                if isinstance(made, tuple):
                    kind, uri = made
                    kind_id = store.put_artifact_type(pb.ArtifactType(name=kind))
                    artifact = pb.Artifact(type_id=kind_id, uri=str(uri))
                    _set(artifact.custom_properties, of or {})
                pairs.append((artifact, _event(pb.Event.OUTPUT, name)))
            names = {"pipeline": "tiny", "pipeline_run": run, "node": f"tiny.{node}"}
            contexts = [
                store.get_context_by_type_and_name(kind, name)
                or pb.Context(type_id=types[kind], name=name)
                for kind, name in names.items()
            ]
            _, ids, _ = store.put_execution(execution, pairs, contexts)
            made_ids = ids[len(inputs or {}) :]
            return dict(zip(outputs, store.get_artifacts_by_id(made_ids), strict=True))

        return record

    return opened


def _event(kind: int, name: str) -> pb.Event:
    event = pb.Event(type=kind)
    event.path.steps.add().key = name
    event.path.steps.add().index = 0
    return event


@pytest.fixture
def work(tmp_path: Path) -> WorkDir:
    (tmp_path / "work").mkdir()
    return WorkDir(tmp_path / "work")


@pytest.fixture
def push(work: WorkDir, write_store: Callable[..., Any]) -> Callable[..., None]:
    """Records a whole run that ends in a served version, and writes what it evaluated."""
    record = write_store(work.metadata)

    def run(version: str, *, base: str = "", baseline: str = "", config: str | None = None) -> None:
        day = f"2026-01-{int(version):02}"
        ingest = {"logs": {"root": "/logs"}, "code": "c0de", "columns": []}
        examples = record(
            version, "LogExampleGen",
            outputs={"examples": ("Examples", work.artifacts / "examples" / version)},
            of={
                "spans": json.dumps([day]),
                "as_of": "2026-02-01T00:00:00+00:00",
                "fingerprint": "f1e5",
            },
            config=json.dumps(ingest), fingerprint="f1e5",
        )  # fmt: skip
        start = record(
            version, "StartingModel", outputs={"base": ("Model", "/base")}, of={"version": base}
        )
        spec = {"name": "tiny", "heads": {"ctr": {"label": "click"}}, "code": "beef"}
        model = record(
            version, "Trainer", inputs={**examples, **start},
            outputs={"model": ("Model", work.artifacts / "model" / version)},
            custom_config=json.dumps({"spec": json.dumps(spec)}),
        )  # fmt: skip
        checked = record(
            version, "ServingCheck", inputs={**examples, **model},
            outputs={"blessing": ("InfraBlessing", work.artifacts / "checked" / version)},
        )  # fmt: skip
        compared = record(
            version, "BaselineModel", inputs=model, outputs={"baseline": ("Model", "/baseline")},
            of={"version": baseline, "own_baseline": int(not baseline)},
        )  # fmt: skip
        evaluation = record(
            version, "Evaluator", inputs={**examples, **model, **compared},
            outputs={"evaluation": ("ModelEvaluation", work.artifacts / "evaluation" / version)},
        )  # fmt: skip
        blessing = record(
            version, "ModelGate", inputs=evaluation,
            outputs={"blessing": ("ModelBlessing", work.artifacts / "blessing" / version)},
        )  # fmt: skip
        served = work.serving / version
        pushed = record(
            version, "AtomicPusher",
            inputs={**model, "model_blessing": blessing["blessing"],
                    "infra_blessing": checked["blessing"]},
            outputs={"pushed_model": ("PushedModel", work.artifacts / "pushed" / version)},
            of={"pushed": 1, "pushed_version": version, "pushed_destination": str(served)},
        )  # fmt: skip
        if config is not None:
            page = work.artifacts / "report" / version
            record(
                version, "RunReport", inputs=pushed, outputs={"report": ("RunFacts", page)},
                config=config,
            )  # fmt: skip
            _write_facts(page)
        served.mkdir(parents=True)
        _write_figures(work.artifacts / "evaluation" / version)
        _write_verdicts(work.artifacts / "blessing" / version)
        _write_cost(work.artifacts / "checked" / version)

    return run


def _write_facts(folder: Path) -> None:
    lineage = report.Lineage(packages={"tensorflow": "2.21.0"})
    facts = report.Facts(run="20260131T000000Z", name="tiny", lineage=lineage)
    folder.mkdir(parents=True)
    (folder / report.FACTS_FILE).write_text(facts.model_dump_json(), encoding="utf-8")


def _write_figures(folder: Path) -> None:
    auc = Figure(value=0.75, error=0.01, low=0.73, high=0.77, freedom=19)
    ctr = OutputFigures(rows=1000, positives=90, weight=1000.0, models={"candidate": {"auc": auc}})
    evaluation = Evaluation(
        models=("candidate",), slices=(SliceFigures(slice={}, outputs={"ctr": ctr}),)
    )
    folder.mkdir(parents=True)
    (folder / FIGURES_FILE).write_text(evaluation.model_dump_json(), encoding="utf-8")


def _write_cost(folder: Path) -> None:
    rank = DoorSpeed(first=0.4, p50=0.0045, p95=0.005, p99=0.0061, requests=90)
    cost = ServingReport(load=1.25, memory=80_000_000, doors={"rank": rank}, budget=ServingConfig())
    folder.mkdir(parents=True)
    (folder / COST_FILE).write_text(cost.model_dump_json(), encoding="utf-8")


def _write_verdicts(folder: Path) -> None:
    verdict = Verdict(
        "ctr.auc", {}, ">= 0.7", 0.75, 0.73, 0.77, None, "passed", True, True, "0.75 reaches 0.7"
    )
    folder.mkdir(parents=True)
    (folder / VERDICTS_FILE).write_text(verdicts_text([verdict]), encoding="utf-8")
