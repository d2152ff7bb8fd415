"""A whole run of the demo with Beam in its own process, and with Beam on a cluster of processes.

The cluster is a job service and a pool of workers, each a process of its own, with the options that
a Flink cluster takes; they share this machine, so seconds say what the way costs, not what many
machines give. Every file that a Beam step left must be the same in both.

    python benchmarks/beam.py --impressions 200000
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# Before TensorFlow is imported, which the functions do: --help needs none.
os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def run(place: Path, beam: dict[str, Any]) -> tuple[float, dict[str, str]]:
    """Returns the seconds of a run and a digest of each file that its Beam steps left."""
    import datetime

    import yaml

    from benchmarks.engines.compare import left_by
    from pipeline.config import PipelineConfig
    from pipeline.preflight import resolve_inputs
    from pipeline.run import run as run_pipeline
    from pipeline.work_dir import WorkDir

    given = yaml.safe_load((ROOT / "configs" / "demo.yaml").read_text(encoding="utf-8"))
    given |= {"beam": beam, "gates": {}}
    given["logs"]["root"] = str(place / "logs")
    given["schema"] = str(ROOT / given["schema"])
    config = PipelineConfig.model_validate(given)
    work = WorkDir(place / beam["runner"])
    # Everything in the logs is settled by then.
    later = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    started = time.monotonic()
    run_pipeline(config, resolve_inputs(config, as_of=later), work)
    return time.monotonic() - started, left_by(work.artifacts)


@click.command()
@click.option("--impressions", type=click.IntRange(min=1000), default=50_000)
def main(impressions: int) -> None:
    """Compare runs of the demo on two engines of Beam's."""
    from benchmarks.engines.cluster import cluster
    from simulation.settings import Settings
    from simulation.simulate import simulate

    table = Table(title="The same run", title_justify="left", box=None, pad_edge=False)
    for heading in ("runner", "seconds", "files of Beam steps", "like local"):
        table.add_column(heading, justify="right" if heading != "runner" else "left")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        simulate(place / "logs", Settings(impressions=impressions, days=5, seed=1))
        local, found = run(place, {"runner": "local"})
        table.add_row("local", f"{local:.1f}", str(len(found)), "")
        with cluster(place / "cluster") as elsewhere:
            seconds, others = run(place, elsewhere)
    same = sum(others.get(name) == digest for name, digest in found.items())
    table.add_row("flink's options", f"{seconds:.1f}", str(len(others)), str(same))
    Console().print(table)
    if others != found:
        differ = sorted(name for name in found | others if found.get(name) != others.get(name))
        sys.exit(f"the two differ in {', '.join(differ)}")


if __name__ == "__main__":
    main()
