"""ModelGate: reads what TFMA measured, asks the gates, blesses the model or refuses it.

TFMA's own thresholds are not used, for they list failures only and cannot say "no baseline yet";
the figures are TFMA's. A refused model does not fail the component: the run goes on to its report,
and ends with exit code 1.
"""

import dataclasses
import json
import os

import tensorflow_model_analysis as tfma
from tfx.components.evaluator import constants
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types.standard_artifacts import Model, ModelBlessing, ModelEvaluation
from tfx.utils import io_utils

from components.baseline_model.component import OWN_BASELINE
from components.model_gate.judgement import Metrics, judge
from schemas.gates import Gate

VERDICTS_FILE = "verdicts.json"


def overall_metrics(evaluation_dir: str, model_name: str) -> Metrics:
    """Returns TFMA's figures for a model over all rows, by (output, metric)."""
    result = tfma.load_eval_result(evaluation_dir, model_name=model_name)
    found: dict[tuple[str, str], float] = {}
    for slice_key, by_output in result.slicing_metrics:
        if slice_key:
            continue
        for output, by_sub_key in (by_output or {}).items():  # None where nothing was measured
            for metric, value in by_sub_key.get("", {}).items():
                if "doubleValue" in value:
                    found[(output, metric)] = float(value["doubleValue"])
    return found


@component
def ModelGate(
    evaluation: InputArtifact[ModelEvaluation],
    baseline: InputArtifact[Model],
    blessing: OutputArtifact[ModelBlessing],
    gates: Parameter[str],
    candidate_name: Parameter[str],
    baseline_name: Parameter[str],
) -> None:
    """Blesses the candidate if every gate (JSON list of schemas.gates.Gate) passes."""
    first = bool(baseline.get_int_custom_property(OWN_BASELINE))
    candidate = overall_metrics(evaluation.uri, candidate_name)
    base = None if first else overall_metrics(evaluation.uri, baseline_name)
    verdicts = judge([Gate(**gate) for gate in json.loads(gates)], candidate, base)
    blessed = all(verdict.passed for verdict in verdicts)
    fileio.makedirs(blessing.uri)
    io_utils.write_string_file(
        os.path.join(blessing.uri, VERDICTS_FILE),
        json.dumps([dataclasses.asdict(verdict) for verdict in verdicts], indent=1),
    )
    name = constants.BLESSED_FILE_NAME if blessed else constants.NOT_BLESSED_FILE_NAME
    io_utils.write_string_file(os.path.join(blessing.uri, name), "")
    blessing.set_int_custom_property(
        constants.ARTIFACT_PROPERTY_BLESSED_KEY,
        constants.BLESSED_VALUE if blessed else constants.NOT_BLESSED_VALUE,
    )
