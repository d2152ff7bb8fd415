"""StartingModel: the served model that this run's training goes on from, if there is one.

An ordinary component instead of TFX's Resolver, which open-source Kubeflow does not run. It hands
on where that model is, not a copy.
"""

import json
import os
from collections.abc import Sequence

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types.standard_artifacts import Model
from tfx.utils import io_utils, path_utils

from components.atomic_pusher.origin import read_origin
from components.atomic_pusher.versions import versions
from schemas.served_model import BASE_FILE, EXTRA_FOLDER, SPEC_FILE, Base

# Custom property of the artifact: the version, or "".
VERSION = "version"


def starting_model(serving_dir: str, spans: Sequence[str]) -> Base:
    """Returns the served model of the latest spans that end before this run's newest one does.

    So a run that is repeated after its own push starts from where it started the first time, and a
    run of an old span does not start from a model that has seen what came later. Of several models
    of the same spans it is the newest.

    Args:
        serving_dir: where versions lie.
        spans: of this run, ISO dates, oldest first.
    """
    found = []
    for version in versions(serving_dir):
        folder = os.path.join(serving_dir, str(version))
        newest = _newest_span(folder)
        if newest is not None and newest < spans[-1]:
            found.append((newest, version, folder))
    if not found:
        return Base()
    _, version, folder = max(found)
    return Base(version=str(version), served=folder, model=read_origin(folder))


def _newest_span(folder: str) -> str | None:
    """Returns the last span, an ISO date, of a served version; None if it is no model of ours."""
    path = os.path.join(folder, EXTRA_FOLDER, SPEC_FILE)
    if not fileio.exists(path):
        return None
    with fileio.open(path) as file:
        spans = json.loads(file.read())["spans"]
    return str(spans[-1]) if spans else None


@component
def StartingModel(
    base: OutputArtifact[Model],
    serving_dir: Parameter[str],
    spans: Parameter[str],
    version: Parameter[str],
) -> None:
    """Writes the `Base` that a training of `spans` (JSON list of ISO dates) goes on from.

    It looks in `serving_dir` when it runs, and ignores `version`: that is what the one who made
    the graph found there, or "", and enters TFX's cache key. While it stays the same, so does the
    artifact, and no training is repeated.
    """
    found = starting_model(serving_dir, json.loads(spans))
    base.set_string_custom_property(VERSION, found.version or "")
    path = os.path.join(path_utils.serving_model_dir(base.uri), BASE_FILE)
    io_utils.write_string_file(path, found.model_dump_json())
