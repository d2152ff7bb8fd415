"""What a run writes and deletes stays in its work directory, links in it notwithstanding."""

import os
from collections.abc import Iterator
from pathlib import Path

# The folders that runs write, and how far down TFX and we make folders in them by name. Served
# versions may be links: they are only read.
_DEPTHS = {
    "analyses": 1,
    "artifacts": 4,
    "checkpoints": 2,
    "days": 1,
    "logs": 0,  # the logs of the data may lie there too, linked from anywhere: they are only read
    "reports": 2,
    "serving": 0,
    "serving/.incoming": 0,
    "serving/.superseded": 0,
    "serving/.withdrawn": 0,
    "timings": 1,
    "tmp": 0,
    "tuning": 2,
}


def ways_out(root: Path) -> Iterator[tuple[Path, Path]]:
    """Yields links among what a run writes, and where outside of the work directory they lead.

    Args:
        root: the work directory; it may itself be a link.
    """
    inside = root.resolve()
    for name, depth in sorted(_DEPTHS.items()):
        for link in _links(root / name, depth):
            target = link.resolve()
            if not target.is_relative_to(inside):
                yield link, target


def _links(path: Path, depth: int) -> Iterator[Path]:
    if path.is_symlink():
        yield path
    elif depth and path.is_dir():
        with os.scandir(path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            if entry.is_symlink() or entry.is_dir():
                yield from _links(Path(entry.path), depth - 1)
