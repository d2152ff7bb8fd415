"""What a run came to, read from its artifacts: counts, figures, verdicts and the pushed model."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.atomic_pusher.component import AtomicPusher
from components.atomic_pusher.versions import Standing, standing
from components.model_gate.verdicts import Verdict, read_verdicts
from evaluation.figures import FIGURES_FILE, Evaluation
from models.spec import DIAGNOSTICS_FILE
from pipeline.executions import Execution
from schemas.served_model import COST_FILE
from schemas.serving import ServingReport


@dataclasses.dataclass(frozen=True)
class Results:
    """What a run came to.

    Attributes:
        ledger: what became of every row, as LogExampleGen wrote it.
        rejects: the folder of the rows that could not be used.
        evaluation: figures of the new model and of what it stands beside.
        diagnostics: what went on inside the model, as the trainer wrote it.
        serving: what answering costs.
        verdicts: what each gate said.
        model_dir: where the model was pushed, None if it was refused.
        standing: what became of it there: superseded where a model of a later day is served,
            withdrawn or removed where it was pushed by an earlier run; None if it was refused.
    """

    ledger: Mapping[str, Any]
    rejects: Path
    evaluation: Evaluation
    diagnostics: Mapping[str, Any]
    serving: ServingReport
    verdicts: tuple[Verdict, ...]
    model_dir: Path | None
    standing: Standing | None

    @property
    def served(self) -> bool:
        """Whether the model is served."""
        return self.standing == "served"

    @property
    def passed(self) -> bool:
        """Whether the model came to where it belongs: served, or put aside for a later day's."""
        return self.standing in ("served", "superseded")

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
    figures = Path(executions["Evaluator"].outputs["evaluation"].uri) / FIGURES_FILE
    cost = Path(executions["ServingCheck"].outputs["blessing"].uri) / COST_FILE
    pushed = executions[AtomicPusher.__name__].outputs["pushed_model"].properties
    destination = pushed["pushed_destination"] if pushed.get("pushed") else None
    return Results(
        ledger=read_ledger(executions),
        rejects=Path(executions["LogExampleGen"].outputs["rejects"].uri),
        evaluation=Evaluation.model_validate_json(figures.read_bytes()),
        diagnostics=_diagnostics(executions),
        serving=ServingReport.model_validate_json(cost.read_bytes()),
        verdicts=read_verdicts(executions["ModelGate"].outputs["blessing"].uri),
        model_dir=Path(destination) if destination else None,
        standing=standing(destination) if destination else None,
    )


def _diagnostics(executions: Mapping[str, Execution]) -> Mapping[str, Any]:
    path = Path(executions["Trainer"].outputs["model_run"].uri) / DIAGNOSTICS_FILE
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
