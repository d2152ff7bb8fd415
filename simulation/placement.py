"""Placement: a directory appears under its name when it is complete, or not at all."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


def check_free(out: Path) -> None:
    """Checks that a simulation may be put at `out`, before any work is done.

    Raises:
        FileExistsError: if `out` is a file, a directory with something in it or a mount point.
    """
    if not out.exists():
        return
    if not out.is_dir() or any(out.iterdir()):
        raise FileExistsError(
            "a simulation writes into a new or an empty directory, so that no logs are mixed. "
            f"Received: {out}, which already holds something. "
            "Name another directory, or remove this one first"
        )
    if os.path.ismount(out):
        raise FileExistsError(
            "a simulation puts its directory in place at once, which a mount point does not "
            f"allow. Received: {out}. Name a directory below it, such as {out / 'logs'}"
        )


@contextlib.contextmanager
def placed_at_the_end(out: Path) -> Iterator[Path]:
    """Yields a directory beside `out` that becomes `out` when all went well, or vanishes."""
    out.parent.mkdir(parents=True, exist_ok=True)
    # The logs get a directory of their own: that of mkdtemp itself is closed to other users.
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        logs = staging / "logs"
        logs.mkdir()
        yield logs
        os.replace(logs, out)
    finally:
        shutil.rmtree(staging)
