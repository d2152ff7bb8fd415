"""ModelGate: reads what the evaluation found, asks the gates, blesses the model or refuses it.

TFMA's own thresholds are not used: they list failures only and cannot say "no baseline yet", a
slice's few rows would refuse a model, and they know no confidence. A refused model does not fail
the component: the run goes on to its report, and ends with exit code 1.
"""

import os

from tfx.components.evaluator import constants
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types.standard_artifacts import ModelBlessing, ModelEvaluation
from tfx.utils import io_utils

from components.model_gate.judgement import judge
from components.model_gate.verdicts import VERDICTS_FILE, verdicts_text
from evaluation.figures import FIGURES_FILE, Evaluation
from schemas.gates import Gates


@component
def ModelGate(
    evaluation: InputArtifact[ModelEvaluation],
    blessing: OutputArtifact[ModelBlessing],
    gates: Parameter[str],
) -> None:
    """Blesses the candidate if every gate (JSON of schemas.gates.Gates) lets it pass."""
    found = io_utils.read_string_file(os.path.join(evaluation.uri, FIGURES_FILE))
    verdicts = judge(Gates.model_validate_json(gates).root, Evaluation.model_validate_json(found))
    blessed = all(verdict.passed for verdict in verdicts)
    fileio.makedirs(blessing.uri)
    io_utils.write_string_file(os.path.join(blessing.uri, VERDICTS_FILE), verdicts_text(verdicts))
    name = constants.BLESSED_FILE_NAME if blessed else constants.NOT_BLESSED_FILE_NAME
    io_utils.write_string_file(os.path.join(blessing.uri, name), "")
    blessing.set_int_custom_property(
        constants.ARTIFACT_PROPERTY_BLESSED_KEY,
        constants.BLESSED_VALUE if blessed else constants.NOT_BLESSED_VALUE,
    )
