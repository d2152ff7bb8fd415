"""Temporary files of a run lie in its work directory, where the next run removes what is left."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_VARIABLE = "TMPDIR"


@contextlib.contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Has this process, and those it starts, write temporary files into `folder` for a while.

    TensorFlow writes a file for each function that it compiles, and TFX unpacks itself: what
    killed runs leave of it would fill /tmp in the end, which no run may clean.

    Args:
        folder: made anew, whatever it holds, and removed at the end.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment, known = os.environ.get(_VARIABLE), tempfile.tempdir
    os.environ[_VARIABLE] = tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = known
        if environment is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = environment
        shutil.rmtree(folder, ignore_errors=True)
