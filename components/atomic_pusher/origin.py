"""Where a served model came from: written beside it when it is pushed, read by later runs.

What a later training needs of a model is too large to be served. A served version says which
artifact it was pushed from, so that a run finds it with nothing but the serving directory in hand.
"""

import json
import os

from components.atomic_pusher.versions import beside, home
from schemas.served_model import EXTRA_FOLDER, ORIGIN_FILE

_MODEL = "model"


def write_origin(folder: str, version_dir: str, model: str) -> None:
    """Notes in `folder`, which is to become `version_dir`, that it holds the artifact `model`.

    On one file system the way from one to the other is noted, not the place: a work directory may
    be moved as a whole. It is the way from where the version is served, or would be.
    """
    if not any("://" in place for place in (version_dir, model)):
        model = os.path.relpath(os.path.abspath(model), os.path.abspath(home(version_dir)))
    from tfx.utils import io_utils  # takes seconds, and whoever only reads need not wait

    path = os.path.join(folder, EXTRA_FOLDER, ORIGIN_FILE)
    io_utils.write_string_file(path, json.dumps({_MODEL: model}))


def read_origin(version_dir: str) -> str | None:
    """Returns the artifact that a served version was pushed from; None where it does not say."""
    text = beside(version_dir, ORIGIN_FILE)
    if text is None:
        return None
    model = str(json.loads(text)[_MODEL])
    # Not left to the file system: a served version may be a link.
    return model if "://" in model else os.path.normpath(os.path.join(home(version_dir), model))
