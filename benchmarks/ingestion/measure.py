"""One candidate, once, in this interpreter: prints a line of JSON with seconds and megabytes.

    python -m benchmarks.ingestion.measure ours FOLDER parquet OUT

The peak is that of the whole process, threads included; `idle_mb` of it was there before the work
began, most of it TensorFlow.
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path

import click

CANDIDATES = ("ours", "ceiling", "peer")


def peak_mb() -> float:
    """Returns the most memory that this process has held so far, in MB of 10^6 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


@click.command()
@click.argument("candidate", type=click.Choice(CANDIDATES))
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("form", type=click.Choice(("parquet", "csv")))
@click.argument("out", type=click.Path(path_type=Path))
def main(candidate: str, folder: Path, form: str, out: Path) -> None:
    """Make examples of the logs of format FORM in FOLDER, into OUT."""
    work = importlib.import_module(f"benchmarks.ingestion.{candidate}")
    idle = peak_mb()
    begin = time.perf_counter()
    work.run(folder / form, form, out)
    seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, "idle_mb": idle, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
