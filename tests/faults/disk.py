"""A small disk of its own, which a test may fill."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

_SIZE = "size=48m"


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mounts a small file system on a folder for a while; says whether that is allowed here."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", _SIZE, "none", str(folder)]
    mounted = subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)
