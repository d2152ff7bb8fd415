"""BaselineModel: the model served now, or nothing where there is none to compare.

An ordinary component instead of TFX's Resolver, which open-source Kubeflow does not run. It is
cached by its candidate: one candidate keeps the baseline that it was first compared with.
"""

import json
import os

import tensorflow as tf
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types.standard_artifacts import Model
from tfx.utils import io_utils, path_utils

from components.atomic_pusher.versions import versions

OWN_BASELINE = "own_baseline"
VERSION = "version"


def newest_version(serving_dir: str) -> str | None:
    """Returns the greatest version under `serving_dir`, or None if there is none."""
    found = versions(serving_dir)
    return str(found[-1]) if found else None


def answers(model_path: str) -> frozenset[str]:
    """Returns the names of what `serving_default` of a SavedModel answers; none without it."""
    signatures = tf.saved_model.load(model_path).signatures
    if "serving_default" not in signatures:
        return frozenset()
    return frozenset(signatures["serving_default"].structured_outputs)


@component
def BaselineModel(
    candidate: InputArtifact[Model],
    baseline: OutputArtifact[Model],
    serving_dir: Parameter[str],
    outputs: Parameter[str],
) -> None:
    """Copies the newest served model, if it answers every output in `outputs` (JSON list).

    Otherwise the artifact is empty and marked so: the candidate is then compared with no model.
    """
    version = newest_version(serving_dir)
    source = None
    if version is not None:
        path = os.path.join(serving_dir, version)
        if answers(path) >= set(json.loads(outputs)):
            source = path
    baseline.set_int_custom_property(OWN_BASELINE, int(source is None))
    baseline.set_string_custom_property(VERSION, version if source else "")
    fileio.makedirs(baseline.uri)
    if source is not None:
        io_utils.copy_dir(source, path_utils.serving_model_dir(baseline.uri))
