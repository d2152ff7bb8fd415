"""From what the components of a run left behind to the facts of its report."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter
from tfx import types
from tfx.dsl.io import fileio
from tfx.utils import path_utils

from components.log_example_gen.transforms import LEDGER_FILE
from components.model_gate.verdicts import VERDICTS_FILE
from components.run_report.facts import Facts, Timing, Verdict
from components.run_report.facts_of_training import Training
from components.run_report.feature_facts import data_facts, feature_facts
from components.run_report.ledger_facts import funnel
from components.run_report.lineage_facts import lineage
from components.run_report.shown import shown
from evaluation.figures import FIGURES_FILE, Evaluation
from schemas.heads import Head
from schemas.served_model import EXTRA_FOLDER, SPEC_FILE

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
    "features": "The run has no model that tells of its features.",
    "data": "The run has no report of its data.",
    "timings": "Nothing took the time of the run's components.",
}


class Gathering:
    """Reads parts of a run, and notes why a part is not there.

    Args:
        artifacts: of the run, by name.

    Attributes:
        missing: by part, why it is not there.
    """

    def __init__(self, artifacts: Artifacts):
        self._artifacts = artifacts
        self.missing: dict[str, str] = {}

    def read(self, part: str, name: str, file: str, parse: Callable[[str], Told]) -> Told | None:
        """Returns what a file of an artifact tells of a part; None where it is not there.

        Raises:
            ValueError: if the file is there, but is not what it should be.
        """
        if name not in self._artifacts:
            self.missing[part] = _ABSENT[part]
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
    config: str,
    timings: str,
    fingerprint: str,
    root: str,
) -> Facts:
    """Returns everything that the report of a run shows.

    Args:
        artifacts: of the run, by the names of RunReport's inputs; any may be absent.
        run: its id.
        name: of the pipeline.
        config: YAML.
        timings: the file with the components' timings; it may be absent.
        fingerprint: of the logs.
        root: paths are told from here.
    """
    found = Gathering(artifacts)
    spec = _spec(found, artifacts)
    ledger = found.read("funnel", "ledger", LEDGER_FILE, json.loads)
    diagnostics = found.read("training", "model_run", DIAGNOSTICS_FILE, json.loads) or {}
    evaluation = found.read(
        "evaluation", "evaluation", FIGURES_FILE, Evaluation.model_validate_json
    )
    cut, left_out = (None, 0) if evaluation is None else shown(evaluation)
    verdicts = found.read("gates", "blessing", VERDICTS_FILE, json.loads)
    features = feature_facts(spec, artifacts, diagnostics)
    if "data_report" not in artifacts and "anomalies" not in artifacts:
        found.missing["data"] = _ABSENT["data"]
    return Facts(
        run=run,
        name=name,
        version=_version(found, artifacts),
        blessed=None if verdicts is None else all(verdict["passed"] for verdict in verdicts),
        verdicts=tuple(Verdict.model_validate(verdict) for verdict in verdicts or ()),
        heads=TypeAdapter(dict[str, Head]).validate_python(spec.get("heads", {})),
        score=spec.get("score"),
        evaluation=cut,
        slices_left_out=left_out,
        funnel=None if ledger is None else funnel(ledger),
        training=_training(diagnostics),
        features=features,
        data=None if "data" in found.missing else data_facts(artifacts),
        timings=_timings(found, timings),
        config=config,
        lineage=lineage(spec, ledger or {}, diagnostics, artifacts, fingerprint, root),
        missing=found.missing,
    )


def _spec(found: Gathering, artifacts: Artifacts) -> dict[str, Any]:
    """Returns what made the model, as it is kept beside it."""
    if "model" not in artifacts:
        found.missing["features"] = _ABSENT["features"]
        return {}
    folder = path_utils.serving_model_path(artifacts["model"].uri)
    path = os.path.join(folder, EXTRA_FOLDER, SPEC_FILE)
    spec: dict[str, Any] = json.loads(read_text(path))
    return spec


def _version(found: Gathering, artifacts: Artifacts) -> str | None:
    if "pushed_model" not in artifacts:
        found.missing["pushed"] = _ABSENT["pushed"]
        return None
    pushed = artifacts["pushed_model"]
    if not pushed.get_int_custom_property("pushed"):
        return None
    return str(pushed.get_string_custom_property("pushed_version"))


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
