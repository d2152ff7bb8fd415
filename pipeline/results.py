"""What a run came to, read from its artifacts: counts, figures, verdicts and the pushed model."""

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.atomic_pusher.component import AtomicPusher
from components.model_gate.component import VERDICTS_FILE, overall_metrics
from components.model_gate.judgement import Metrics, Verdict
from models.spec import DIAGNOSTICS_FILE
from pipeline.evaluation import BASELINE, CANDIDATE
from pipeline.executions import Execution


@dataclasses.dataclass(frozen=True)
class Results:
    """What a run came to.

    Attributes:
        ledger: what became of every row, as LogExampleGen wrote it.
        rejects: the folder of the rows that could not be used.
        candidate: figures of the new model, by (output, metric).
        baseline: figures of the model it was compared with, None if there was none.
        diagnostics: what went on inside the model, as the trainer wrote it.
        verdicts: what each gate said.
        model_dir: where the model was pushed, None if it was refused.
    """

    ledger: Mapping[str, Any]
    rejects: Path
    candidate: Metrics
    baseline: Metrics | None
    diagnostics: Mapping[str, Any]
    verdicts: tuple[Verdict, ...]
    model_dir: Path | None

    @property
    def refused(self) -> tuple[Verdict, ...]:
        """The verdicts that refused the model."""
        return tuple(verdict for verdict in self.verdicts if not verdict.passed)


def read_ledger(executions: Mapping[str, Execution]) -> Mapping[str, Any]:
    """Returns what became of every row of the logs."""
    uri = Path(executions["LogExampleGen"].outputs["ledger"].uri)
    counts: Mapping[str, Any] = json.loads((uri / "ledger.json").read_text(encoding="utf-8"))
    return counts


def read_results(executions: Mapping[str, Execution]) -> Results:
    """Reads what the newest execution of each node left behind."""
    evaluation = executions["Evaluator"].outputs["evaluation"].uri
    first = executions["BaselineModel"].outputs["baseline"].properties["own_baseline"]
    blessing = Path(executions["ModelGate"].outputs["blessing"].uri)
    verdicts = json.loads((blessing / VERDICTS_FILE).read_text(encoding="utf-8"))
    pushed = executions[AtomicPusher.__name__].outputs["pushed_model"].properties
    return Results(
        ledger=read_ledger(executions),
        rejects=Path(executions["LogExampleGen"].outputs["rejects"].uri),
        candidate=overall_metrics(evaluation, CANDIDATE),
        baseline=None if first else overall_metrics(evaluation, BASELINE),
        diagnostics=_diagnostics(executions),
        verdicts=tuple(
            Verdict(**{**verdict, "value": _number(verdict["value"])}) for verdict in verdicts
        ),
        model_dir=Path(pushed["pushed_destination"]) if pushed.get("pushed") else None,
    )


def _diagnostics(executions: Mapping[str, Execution]) -> Mapping[str, Any]:
    path = Path(executions["Trainer"].outputs["model_run"].uri) / DIAGNOSTICS_FILE
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
