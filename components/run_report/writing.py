"""From facts to files: the page of a run, and its facts beside it."""

import os

from tfx.dsl.io import fileio
from tfx.utils import io_utils

from components.run_report.facts import FACTS_FILE, PAGE_FILE, Facts
from components.run_report.rendering import render


def write(facts: Facts, reports: str) -> str:
    """Writes `<reports>/<run>/index.html`, and facts.json beside it; returns the page's path.

    Raises:
        ValueError: if the run's id is no name of a folder.
    """
    if facts.run in ("", ".", "..") or "/" in facts.run:
        raise ValueError(
            f"a run is named as a folder is, as in 20260131T235959Z. Received: {facts.run!r}"
        )
    folder = os.path.join(reports, facts.run)
    page = os.path.join(folder, PAGE_FILE)
    # The page last: where it is, so are its facts.
    write_whole(os.path.join(folder, FACTS_FILE), facts_text(facts))
    write_whole(page, render(facts))
    return page


def facts_text(facts: Facts) -> str:
    """Returns facts as JSON."""
    return facts.model_dump_json(indent=1)


def write_whole(path: str, text: str) -> None:
    """Writes a file that is there whole or not at all."""
    aside = f"{path}.part"
    io_utils.write_string_file(aside, text)
    fileio.rename(aside, path, overwrite=True)
