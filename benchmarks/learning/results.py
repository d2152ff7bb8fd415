"""Results of benchmarks; those of long ones run by run, to go on where they stopped."""

import datetime
import json
import os
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "results"


def write_results(path: Path, **figures: Any) -> None:
    """Writes a JSON file, whole or not at all: when and on what machine, and the figures."""
    content = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}",
        **figures,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    incomplete = path.with_suffix(f".{os.getpid()}.incomplete")
    incomplete.write_text(json.dumps(content, indent=1) + "\n")
    incomplete.rename(path)


class Results:
    """One JSON file: on what machine and when, and the figures of each run by its name.

    Args:
        name: of the benchmark; the file is `benchmarks/results/<name>.json`.
        setup: what all runs have in common. Runs of another setup are forgotten.
        folder: where the file lies.
    """

    def __init__(self, name: str, setup: Mapping[str, Any], folder: Path = FOLDER):
        self._path = folder / f"{name}.json"
        kept = json.loads(self._path.read_text()) if self._path.exists() else {}
        setup = json.loads(json.dumps(setup))
        self.runs: dict[str, dict[str, Any]] = kept["runs"] if kept.get("setup") == setup else {}
        self._setup = setup

    def run(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Returns the figures of the run `name`: as they are kept, or else those of `work()`."""
        if name not in self.runs:
            self.runs[name] = work()
            self.write()
        return self.runs[name]

    def write(self, **summary: Any) -> None:
        """Writes the file, whole or not at all.

        Args:
            **summary: what the benchmark makes of all its runs.
        """
        write_results(
            self._path, setup=self._setup, **summary, runs=dict(sorted(self.runs.items()))
        )
