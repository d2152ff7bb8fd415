"""BaselineModel: the model served now, or nothing where there is none to compare.

A run of an old day is not compared with a model of a later one: that has learnt from the very rows
which the run is judged on.

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

from components.atomic_pusher.versions import newest_span, versions

OWN_BASELINE = "own_baseline"
VERSION = "version"


def newest_version(serving_dir: str, span: str | None = None) -> str | None:
    """Returns the greatest version under `serving_dir`, or None if there is none.

    Args:
        serving_dir: where versions lie.
        span: an ISO date; versions whose newest span is later do not count. All do if None.
    """
    for version in reversed(versions(serving_dir)):
        seen = newest_span(os.path.join(serving_dir, str(version)))
        if span is None or seen is None or seen <= span:
            return str(version)
    return None


def answers(model_path: str) -> frozenset[str]:
    """Returns the names of what `serving_default` of a SavedModel answers; none without it.

    Raises:
        ValueError: if it cannot be loaded.
    """
    try:
        signatures = tf.saved_model.load(model_path).signatures
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise ValueError(
            f"the served model {model_path} cannot be loaded ({error}): put back what it lacks, or "
            f"withdraw it by `funnelrank rollback {os.path.dirname(model_path)}`"
        ) from error
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

    Versions whose newest span is later than the candidate's are passed over.

    Otherwise the artifact is empty and marked so: the candidate is then compared with no model.
    """
    span = newest_span(path_utils.serving_model_path(candidate.uri))
    version = newest_version(serving_dir, span)
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
