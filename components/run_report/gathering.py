"""From what the components of a run left behind to the facts of its report."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter
from tfx import types
from tfx.dsl.io import fileio

from components.atomic_pusher.versions import SUPERSEDED
from components.log_example_gen.transforms import LEDGER_FILE
from components.model_gate.verdicts import VERDICTS_FILE
from components.run_report.facts import Facts, Stop, Timing, Verdict
from components.run_report.facts_of_training import Training
from components.run_report.feature_facts import data_facts, feature_facts
from components.run_report.ledger_facts import funnel
from components.run_report.lineage_facts import lineage
from components.run_report.shown import shown
from evaluation.figures import FIGURES_FILE, Evaluation
from schemas.heads import Head
from schemas.served_model import COST_FILE
from schemas.serving import ServingReport

Artifacts = Mapping[str, types.Artifact]
Told = TypeVar("Told")

# In the artifact `model_run`; its name belongs to `models`, which components do not import.
DIAGNOSTICS_FILE = "diagnostics.json"
_ABSENT = {
    "pushed": "The run has no pusher, so nobody knows whether the model was pushed.",
    "gates": "The run has no gates.",
    "evaluation": "The run has no evaluation.",
    "funnel": "The run has no ledger of its rows.",
    "training": "The run has no training.",
    "data": "The run has no report of its data.",
    "serving": "The run has no check of how the model serves.",
    "timings": "Nothing took the time of the run's components.",
}


class Gathering:
    """Reads parts of a run, and notes why a part is not there.

    Args:
        artifacts: of the run, by name.
        stop: where the run stopped, None if it came to its end.

    Attributes:
        missing: by part, why it is not there.
    """

    def __init__(self, artifacts: Artifacts, stop: Stop | None):
        self._artifacts = artifacts
        self._stop = stop
        self.missing: dict[str, str] = {}

    def has(self, part: str, *names: str) -> bool:
        """Returns whether any of these artifacts is there to tell of a part; notes it if not."""
        found = any(name in self._artifacts for name in names)
        if not found:
            self.missing[part] = (
                f"The run stopped at {self._stop.node}, before it came to this."
                if self._stop
                else _ABSENT[part]
            )
        return found

    def read(self, part: str, name: str, file: str, parse: Callable[[str], Told]) -> Told | None:
        """Returns what a file of an artifact tells of a part; None where it is not there.

        Raises:
            ValueError: if the file is there, but is not what it should be.
        """
        if not self.has(part, name):
            return None
        path = os.path.join(self._artifacts[name].uri, file)
        if not fileio.exists(path):
            self.missing[part] = f"The artifact {name} holds no {file}."
            return None
        return parse(read_text(path))


def read_text(path: str) -> str:
    """Returns the text of a file, wherever TFX can read it."""
    with fileio.open(path) as file:
        return str(file.read())


def gather(
    artifacts: Artifacts,
    *,
    run: str,
    name: str,
    spec: str,
    config: str,
    timings: str,
    root: str,
    stop: Stop | None = None,
) -> Facts:
    """Returns everything that the report of a run shows.

    Args:
        artifacts: of the run, by the names of RunReport's inputs; any may be absent.
        run: its id.
        name: of the pipeline.
        spec: what the model is made from, JSON.
        config: YAML.
        timings: the file with the components' timings; it may be absent.
        root: paths are told from here.
        stop: where the run stopped, None if it came to its end.
    """
    found = Gathering(artifacts, stop)
    made: dict[str, Any] = json.loads(spec)
    ledger = found.read("funnel", "ledger", LEDGER_FILE, json.loads)
    diagnostics = found.read("training", "model_run", DIAGNOSTICS_FILE, json.loads) or {}
    evaluation = found.read(
        "evaluation", "evaluation", FIGURES_FILE, Evaluation.model_validate_json
    )
    cut, left_out = (None, 0) if evaluation is None else shown(evaluation)
    verdicts = found.read("gates", "blessing", VERDICTS_FILE, json.loads)
    data = data_facts(artifacts) if found.has("data", "data_report", "anomalies") else None
    return Facts(
        run=run,
        name=name,
        stop=stop,
        version=_version(found, artifacts),
        superseded=_superseded(artifacts),
        blessed=None if verdicts is None else all(verdict["passed"] for verdict in verdicts),
        verdicts=tuple(Verdict.model_validate(verdict) for verdict in verdicts or ()),
        heads=TypeAdapter(dict[str, Head]).validate_python(made.get("heads", {})),
        score=made.get("score"),
        evaluation=cut,
        slices_left_out=left_out,
        funnel=None if ledger is None else funnel(ledger),
        training=_training(diagnostics),
        features=feature_facts(made, artifacts, diagnostics),
        data=data,
        serving=found.read("serving", "serving", COST_FILE, ServingReport.model_validate_json),
        timings=_timings(found, timings),
        config=config,
        lineage=lineage(made, diagnostics, artifacts, root),
        missing=found.missing,
    )


def _version(found: Gathering, artifacts: Artifacts) -> str | None:
    if not found.has("pushed", "pushed_model"):
        return None
    pushed = artifacts["pushed_model"]
    if not pushed.get_int_custom_property("pushed"):
        return None
    return str(pushed.get_string_custom_property("pushed_version"))


def _superseded(artifacts: Artifacts) -> bool:
    """Returns whether the model was put aside, as one of a later day is served."""
    pushed = artifacts.get("pushed_model")
    place = pushed.get_string_custom_property("pushed_destination") if pushed else ""
    return os.path.basename(os.path.dirname(place)) == SUPERSEDED


def _training(diagnostics: Mapping[str, Any]) -> Training | None:
    """Returns what went on in the training; the records of its curves become points."""
    if not diagnostics:
        return None
    points = [
        {
            "step": record["step"],
            "losses": {
                key: value for key, value in record.items() if key not in ("step", "weights")
            },
            "weights": record.get("weights", {}),
        }
        for record in diagnostics.get("curves", ())
    ]
    return Training.model_validate({**diagnostics, "curves": points})


def _timings(found: Gathering, path: str) -> tuple[Timing, ...]:
    if not path or not fileio.exists(path):
        found.missing["timings"] = _ABSENT["timings"]
        return ()
    return TypeAdapter(tuple[Timing, ...]).validate_json(read_text(path))
