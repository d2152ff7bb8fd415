"""The versions in a serving directory: the folders whose names are numbers.

What was withdrawn lies beside them in a folder whose name is no number, where neither servers nor
later runs look.
"""

import os
from typing import Literal

# Of versions that are served no more.
WITHDRAWN = ".withdrawn"

Standing = Literal["served", "withdrawn", "removed"]


def versions(serving_dir: str) -> list[int]:
    """Returns the versions under `serving_dir`, ascending; none where there is no such folder."""
    return sorted(int(name) for name in _names(serving_dir) if name.isdecimal())


def withdrawn_versions(serving_dir: str) -> list[int]:
    """Returns the versions that were withdrawn from `serving_dir`, ascending."""
    return versions(os.path.join(serving_dir, WITHDRAWN))


def standing(version_dir: str) -> Standing:
    """Returns what became of a version that was pushed to `version_dir`."""
    serving_dir, name = os.path.split(version_dir.rstrip("/"))
    if not name.isdecimal():
        return "removed"
    if int(name) in versions(serving_dir):
        return "served"
    return "withdrawn" if int(name) in withdrawn_versions(serving_dir) else "removed"


def _names(folder: str) -> list[str]:
    if "://" not in folder:
        return os.listdir(folder) if os.path.isdir(folder) else []
    from tfx.dsl.io import fileio  # takes seconds

    if not fileio.exists(folder):
        return []
    return [str(name).strip("/") for name in fileio.listdir(folder)]
