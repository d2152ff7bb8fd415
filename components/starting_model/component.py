"""StartingModel: the served model that this run's training goes on from, if there is one.

An ordinary component instead of TFX's Resolver, which open-source Kubeflow does not run. It hands
on where that model is, not a copy.
"""

import os

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples, Model
from tfx.utils import io_utils, path_utils

from components.atomic_pusher.origin import read_origin
from components.atomic_pusher.versions import latest_before
from schemas.served_model import BASE_FILE, Base
from schemas.spans import SPANS, parse_spans

# Custom property of the artifact: the version, or "".
VERSION = "version"


def starting_model(serving_dir: str, newest: str) -> Base:
    """Returns the served model of the latest spans that end before this run's newest one does.

    So a run that is repeated after its own push starts from where it started the first time, and a
    run of an old span does not start from a model that has seen what came later. Of several models
    of the same spans it is the newest, be it one that came too late to be served.

    Args:
        serving_dir: where versions lie.
        newest: span of this run, an ISO date.
    """
    folder = latest_before(serving_dir, newest)
    if folder is None:
        return Base()
    return Base(version=os.path.basename(folder), served=folder, model=read_origin(folder))


@component
def StartingModel(
    examples: InputArtifact[Examples],
    base: OutputArtifact[Model],
    serving_dir: Parameter[str],
    version: Parameter[str],
) -> None:
    """Writes the `Base` that a training on `examples` goes on from.

    It looks in `serving_dir` when it runs, and ignores `version`: that is what the one who made
    the graph found there, or "", and enters TFX's cache key. While it stays the same, so does the
    artifact, and no training is repeated.
    """
    spans = parse_spans(examples.get_string_custom_property(SPANS))
    found = starting_model(serving_dir, spans[-1].isoformat())
    base.set_string_custom_property(VERSION, found.version or "")
    path = os.path.join(path_utils.serving_model_dir(base.uri), BASE_FILE)
    io_utils.write_string_file(path, found.model_dump_json())
