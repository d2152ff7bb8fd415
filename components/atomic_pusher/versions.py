"""The versions in a serving directory: the folders whose names are numbers.

Beside them, in folders whose names are no numbers and where servers do not look, lies what is not
served: versions that were withdrawn, and versions that came when one of a later day was served
already. A version's number is its own, wherever it lies.
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Literal

from schemas.served_model import EXTRA_FOLDER, SPEC_FILE

# Of versions that are served no more.
WITHDRAWN = ".withdrawn"
# Of versions that passed their gates but are of an earlier day than what is served.
SUPERSEDED = ".superseded"

Standing = Literal["served", "superseded", "withdrawn", "removed"]
_ASIDE: Mapping[str, Standing] = {WITHDRAWN: "withdrawn", SUPERSEDED: "superseded"}


def versions(serving_dir: str) -> list[int]:
    """Returns the versions under `serving_dir`, ascending; none where there is no such folder."""
    return sorted(int(name) for name in _names(serving_dir) if name.isdecimal())


def withdrawn_versions(serving_dir: str) -> list[int]:
    """Returns the versions that were withdrawn from `serving_dir`, ascending."""
    return versions(os.path.join(serving_dir, WITHDRAWN))


def superseded_versions(serving_dir: str) -> list[int]:
    """Returns the versions that came when one of a later day was served already, ascending."""
    return versions(os.path.join(serving_dir, SUPERSEDED))


def folders(serving_dir: str) -> Iterator[str]:
    """Yields the folder of each version, wherever it lies, the greatest number first."""
    found = [
        (version, os.path.join(place, str(version)))
        for place in (serving_dir, *(os.path.join(serving_dir, name) for name in _ASIDE))
        for version in versions(place)
    ]
    for _, folder in sorted(found, reverse=True):
        yield folder


def home(version_dir: str) -> str:
    """Returns where a version lies when it is served, of the folder where it lies now."""
    place, name = os.path.split(version_dir.rstrip("/"))
    if os.path.basename(place) in _ASIDE:
        place = os.path.dirname(place)
    return os.path.join(place, name)


def whereabouts(version_dir: str) -> str | None:
    """Returns where a version lies now that was pushed to `version_dir`; None if it is gone."""
    serving_dir, name = os.path.split(home(version_dir))
    for place in (serving_dir, *(os.path.join(serving_dir, aside) for aside in _ASIDE)):
        if name.isdecimal() and int(name) in versions(place):
            return os.path.join(place, name)
    return None


def standing(version_dir: str) -> Standing:
    """Returns what became of a version that was pushed to `version_dir`."""
    found = whereabouts(version_dir)
    if found is None:
        return "removed"
    return _ASIDE.get(os.path.basename(os.path.dirname(found)), "served")


def newest_span(version_dir: str) -> str | None:
    """Returns the last span, an ISO date, of a model; None if it is no model of ours."""
    text = beside(version_dir, SPEC_FILE)
    spans = json.loads(text).get("spans", ()) if text else ()
    return str(spans[-1]) if spans else None


def beside(version_dir: str, name: str) -> str | None:
    """Returns the text of a file that lies beside a model; None if there is none."""
    path = os.path.join(version_dir, EXTRA_FOLDER, name)
    if "://" not in path:
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None
    from tfx.dsl.io import fileio  # takes seconds

    if not fileio.exists(path):
        return None
    with fileio.open(path) as remote:
        return str(remote.read())


def latest_before(serving_dir: str, span: str) -> str | None:
    """Returns the folder of the model of the latest spans that end before `span`; None without one.

    Of several of the same spans it is the newest. One that came too late to be served counts, one
    that was withdrawn does not.

    Args:
        serving_dir: where versions lie.
        span: an ISO date.
    """
    found = []
    for folder in folders(serving_dir):
        seen = newest_span(folder)
        aside = os.path.basename(os.path.dirname(folder)) == WITHDRAWN
        if seen is not None and seen < span and not aside:
            found.append((seen, int(os.path.basename(folder)), folder))
    return max(found)[-1] if found else None


def _names(folder: str) -> list[str]:
    if "://" not in folder:
        return os.listdir(folder) if os.path.isdir(folder) else []
    from tfx.dsl.io import fileio  # takes seconds

    if not fileio.exists(folder):
        return []
    return [str(name).strip("/") for name in fileio.listdir(folder)]
