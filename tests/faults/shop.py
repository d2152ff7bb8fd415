"""A small shop whose pipeline runs while things break, and what holds of it whatever breaks."""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from pipeline.work_dir import WorkDir
from simulation.settings import Settings
from simulation.simulate import simulate
from tests.faults.process import At, Ended, nothing, run

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
_CONFIG = """\
name: shop
logs:
  root: {logs}
  impressions:
    path: "impressions/{{SPAN}}/**"
    id: impression_id
    time: {{column: timestamp, unit: s}}
  clicks: {{path: "clicks/{{SPAN}}/*", id: impression_id, time: {{column: timestamp}}}}
  conversions: {{path: "conversions/{{SPAN}}/*", id: impression_id, time: {{column: timestamp}}}}
attribution: {{click_window: 1h, conversion_window: 1d}}
window: 2
split: {{by: time, eval: 1 span}}
features:
  item_id: {{kind: categorical, side: item, vocabulary: {{max_size: 50, oov: 1}}, width: 4}}
  price:   {{kind: numeric, side: item}}
heads:
  ctr: {{label: click}}
model: {{trunk: shared_bottom, interaction: mlp, units: [4], tower: [4]}}
training: {{batch_size: 64, epochs: 5, checkpoint_every: 3, accelerator: cpu}}
gates: {{ctr.auc: ">= 0.1"}}
"""
# Written aside while it is not whole, or of the run at work alone.
_HALF = ("**/*.part", "**/*.gone", "**/.incoming", "**/.temporary", "**/.temp", "tmp", "**/.tmp")
_NEVER_ENDED = "SELECT COUNT(*) FROM Execution WHERE last_known_state IN (1, 2)"
_PENDING = "SELECT COUNT(*) FROM Artifact WHERE state = 1"
_RESULTS = "SELECT id FROM Execution WHERE last_known_state IN (3, 5)"


class Shop:
    """Logs, a config and a work directory.

    Args:
        logs: the folder of the logs; written if it is not there.
        place: where the config and the work directory are to lie.
    """

    def __init__(self, logs: Path, place: Path):
        self.logs = logs
        self.work = WorkDir(place / "work")
        self.config = place / "shop.yaml"
        if not logs.exists():
            simulate(logs, Settings(impressions=1200, days=len(DAYS), seed=11))
        place.mkdir(parents=True, exist_ok=True)
        self.config.write_text(_CONFIG.format(logs=logs), encoding="utf-8")

    def run(
        self,
        *options: str,
        at: At | None = None,
        first: Callable[[], None] = nothing,
        kill_after: float | None = None,
    ) -> Ended:
        """Runs the pipeline; see `process.run`."""
        arguments = ["run", str(self.config), "--work", str(self.work.root), *options]
        return run(arguments, at, first, kill_after)

    def file(self, log: str, day: str = DAYS[-1]) -> Path:
        """Returns the file of a day of a log."""
        return next((self.logs / log / day).glob("*.parquet"))

    def versions(self) -> dict[str, str]:
        """Returns a digest of the files of each version that is served."""
        found = sorted(self.work.serving.glob("[0-9]*"))
        return {version.name: _digest(version) for version in found}

    def figures(self) -> dict[str, float]:
        """Returns the metrics of the newest report, by the names of model, output and metric."""
        page = max(self.work.reports.glob("*/index.html"))
        facts = json.loads(page.with_name("facts.json").read_text(encoding="utf-8"))
        overall = next(one for one in facts["evaluation"]["slices"] if not one["slice"])
        return {
            f"{model} {output} {metric}": figure["value"]
            for output, figures in overall["outputs"].items()
            for model, metrics in figures["models"].items()
            for metric, figure in metrics.items()
        }

    def half_done(self) -> list[str]:
        """Returns what no run may leave behind: half a result, or an execution without an end."""
        root = self.work.root
        found = [str(path.relative_to(root)) for half in _HALF for path in root.glob(half)]
        for version in self.work.serving.glob("[0-9]*"):
            if not (version / "assets.extra" / "origin.json").exists():
                found.append(f"serving/{version.name} is not whole")
        for report in self.work.reports.glob("*/"):
            if not (report / "index.html").exists():
                found.append(f"reports/{report.name} has no page")
        if not self.work.metadata.exists():
            return found
        books = sqlite3.connect(f"file:{self.work.metadata}?mode=ro", uri=True)
        with contextlib.closing(books) as store:
            (never_ended,), (pending,) = (
                store.execute(query).fetchone() for query in (_NEVER_ENDED, _PENDING)
            )
            ended = {number for (number,) in store.execute(_RESULTS)}
        if never_ended or pending:
            found.append(f"{never_ended} executions never ended, {pending} artifacts are pending")
        for folder in self.work.artifacts.glob("*/*/[0-9]*"):
            if int(folder.name) not in ended:
                found.append(f"{folder.relative_to(root)} is of no finished execution")
        return found


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
