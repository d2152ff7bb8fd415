"""The lock of a serving directory: held while its versions change, by a push or a rollback."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from components.lock import exclusive

# No server looks at a name that is no number.
_FILE = ".lock"


def serving_lock(
    serving_dir: str, waiting: Callable[[str], None]
) -> contextlib.AbstractContextManager[None]:
    """Returns the lock of a serving directory.

    An object store has none: whoever starts runs on one sees to it that there is one at a time.

    Args:
        serving_dir: the folder whose folders are versions; it is made if need be.
        waiting: told who has the lock, where it is taken, before it is waited for.
    """
    if "://" in serving_dir:
        return contextlib.nullcontext()
    return exclusive(Path(serving_dir) / _FILE, waiting)
