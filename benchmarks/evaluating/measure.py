"""One way to evaluate, once, in this interpreter: prints a line of JSON with what it took.

    python -m benchmarks.evaluating.measure ours FOLDER OUT

Seconds are without imports. The peak is that of the whole process; `idle_mb` of it was there before
the work began, most of it TensorFlow.
"""

import importlib
import json
import time
from pathlib import Path

import click

from benchmarks.ingestion.measure import peak_mb


@click.command()
@click.argument("candidate", type=click.Choice(("ours", "peer")))
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def main(candidate: str, folder: Path, out: Path) -> None:
    """Evaluate the models in FOLDER on its examples, into OUT."""
    work = importlib.import_module(f"benchmarks.evaluating.{candidate}")
    idle = peak_mb()
    begin = time.perf_counter()
    found = work.run(folder, out)
    seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, **found, "idle_mb": idle, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
