"""The rim of AtomicPusher: push beside the serving directory, then rename into it."""

import logging
import os
import time
from typing import Any

from tfx import types
from tfx.components.pusher import executor
from tfx.dsl.io import fileio
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.types.standard_component_specs import (
    INFRA_BLESSING_KEY,
    MODEL_KEY,
    PUSH_DESTINATION_KEY,
    PUSHED_MODEL_KEY,
)
from tfx.utils import io_utils, proto_utils

from components.atomic_pusher.origin import write_origin
from components.atomic_pusher.serving_lock import serving_lock
from components.atomic_pusher.versions import SUPERSEDED, folders, newest_span, versions
from components.removal import remove_tree
from schemas.served_model import EXTRA_FOLDER, TRANSFORM_FOLDER, WARM_UP_FILE

_STAGING = ".incoming"
_FINGERPRINT = "fingerprint.pb"
# Of the transforms that training used, a SavedModel too.
_TRANSFORM = os.path.join(EXTRA_FOLDER, TRANSFORM_FOLDER, "transform_fn", "saved_model.pb")


class Executor(executor.Executor):
    """Lets TFX's Pusher copy into a staging directory and renames the finished copy.

    TFX's own Pusher copies file by file into the place where servers look, and does not push at
    all when a version of the same second exists.

    A model is pushed once, however often its push is run. One whose newest span is earlier than
    that of the version served now is put aside, as servers take the greatest number for the best.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes if the model is blessed; see the base class."""
        if not self.CheckBlessing(input_dict):
            super().Do(input_dict, output_dict, exec_properties)
            return
        destination = pusher_pb2.PushDestination()
        proto_utils.json_to_proto(exec_properties[PUSH_DESTINATION_KEY], destination)
        serving_dir = destination.filesystem.base_directory
        model = self.GetModelPath(input_dict)
        with serving_lock(serving_dir, lambda holder: logging.info("Waiting for %s", holder)):
            earlier = _pushed_before(serving_dir, model)
            if earlier is None:
                self._push(input_dict, output_dict, exec_properties, serving_dir)
            else:
                pushed = artifact_utils.get_single_instance(output_dict[PUSHED_MODEL_KEY])
                io_utils.copy_dir(model, pushed.uri)
                self._MarkPushed(pushed, earlier, os.path.basename(earlier))

    def _push(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
        serving_dir: str,
    ) -> None:
        staging = os.path.join(serving_dir, _STAGING)
        _clear(staging)  # left by a push that was killed
        destination = pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=staging)
        )
        staged = {**exec_properties, PUSH_DESTINATION_KEY: proto_utils.proto_to_json(destination)}
        pushed = artifact_utils.get_single_instance(output_dict[PUSHED_MODEL_KEY])
        try:
            super().Do(input_dict, output_dict, staged)
            complete = pushed.get_string_custom_property("pushed_destination")
            final = _place(serving_dir, complete)
            model = artifact_utils.get_single_instance(input_dict[MODEL_KEY])
            write_origin(complete, final, model.uri)
            _add_transform(complete, self.GetModelPath(input_dict))
            _add_warm_up(complete, input_dict.get(INFRA_BLESSING_KEY, []))
            fileio.makedirs(os.path.dirname(final))
            fileio.rename(complete, final)
        finally:
            _clear(staging)
        self._MarkPushed(pushed, final, os.path.basename(final))


def _clear(folder: str) -> None:
    if fileio.exists(folder):
        remove_tree(folder)


def _pushed_before(serving_dir: str, model: str) -> str | None:
    """Returns where a SavedModel was pushed to: a push may die when all but saying so is done."""
    saved = _fingerprint(model)
    if saved is None:
        return None
    return next((each for each in folders(serving_dir) if _fingerprint(each) == saved), None)


def _fingerprint(model: str) -> bytes | None:
    """Returns what TensorFlow tells one saving of a model from all others by."""
    path = os.path.join(model, _FINGERPRINT)
    if not fileio.exists(path):
        return None
    with fileio.open(path, "rb") as file:
        return bytes(file.read())


def _place(serving_dir: str, model: str) -> str:
    """Returns where a new version goes: aside, if what is served now is of a later span."""
    served = versions(serving_dir)
    newest = newest_span(os.path.join(serving_dir, str(served[-1]))) if served else None
    span = newest_span(model)
    late = span is not None and newest is not None and span < newest
    folder = os.path.join(serving_dir, SUPERSEDED) if late else serving_dir
    return os.path.join(folder, next_version(serving_dir))


def _add_transform(folder: str, model: str) -> None:
    """Copies the graph of the transforms: TFX copies the graph of the model alone, and no other."""
    graph = os.path.join(model, _TRANSFORM)
    if fileio.exists(graph):  # models of older versions have none
        fileio.copy(graph, os.path.join(folder, _TRANSFORM), overwrite=True)


def _add_warm_up(folder: str, blessings: list[types.Artifact]) -> None:
    """Puts the requests that a blessing was given for where TF Serving looks for them."""
    for blessing in blessings:
        recorded = os.path.join(blessing.uri, WARM_UP_FILE)
        if fileio.exists(recorded):  # a blessing may be of TFX's own InfraValidator
            fileio.copy(recorded, os.path.join(folder, EXTRA_FOLDER, WARM_UP_FILE), overwrite=True)


def next_version(serving_dir: str) -> str:
    """Returns the second of now, or one more than the newest version if that is later.

    A version that is not served counts too: its number never comes to mean another model.
    """
    taken = (int(os.path.basename(folder)) for folder in folders(serving_dir))
    return str(max([int(time.time()), *(version + 1 for version in taken)]))
