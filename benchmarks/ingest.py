"""Ingestion: LogExampleGen against a join row by row in Beam, and against not joining at all.

The same logs (22 columns, 5 % clicks; see `ingestion.rows`) become gzip TFRecords of tf.Examples
three ways: by LogExampleGen (ours), by a plain CoGroupByKey of dicts (the peer) and by our own
reader, encoder and writer without a join (the ceiling). Each run has an interpreter of its own, so
that seconds, without imports, and peak memory, with them, are its alone. Runs of ours and of the
ceiling take turns. The peer, linear in the rows, gets fewer of them and runs once a format.

    python benchmarks/ingest.py --scale
"""

import dataclasses
import hashlib
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.learning.interpreter import python  # noqa: E402

FORMATS = ("parquet", "csv")
SCALE = 10
# The bars: at least so many times the peer's and the ceiling's rows/s; for SCALE times the rows at
# most so many times the seconds and the memory.
PEER_BAR, CEILING_BAR = 5.0, 0.6
TIME_BAR, MEMORY_BAR = 11.0, 1.5


@dataclasses.dataclass(frozen=True)
class Result:
    """What the runs of one candidate took; medians, and the worst of the peaks.

    Attributes:
        form: the format of the logs.
        candidate: ours, ceiling or peer.
        impressions: how many rows the impressions log had.
        runs: how many runs there were.
        seconds: of the work, imports left out.
        peak_mb: most memory of the process, in MB of 10^6 bytes.
        idle_mb: of which held before the work began: Python and the libraries.
    """

    form: str
    candidate: str
    impressions: int
    runs: int
    seconds: float
    peak_mb: float
    idle_mb: float

    @property
    def rate(self) -> float:
        """Impressions a second."""
        return self.impressions / self.seconds


def make_logs(data: Path, rows: int) -> Path:
    """Returns the folder of logs of `rows` impressions, written unless it is there."""
    sources = [ROOT / "benchmarks" / "ingestion" / f"{name}.py" for name in ("rows", "logs")]
    version = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    folder = data / f"{rows}-{version[:8]}"
    if not folder.is_dir():
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=data) as incomplete:
            python("benchmarks.ingestion.logs", f"{incomplete}/logs", "--rows", rows)
            Path(incomplete, "logs").rename(folder)
    return folder


def measure(data: Path, rows: int, candidate: str, form: str) -> dict[str, float]:
    """Returns seconds, peak_mb and idle_mb of one run."""
    logs = make_logs(data, rows)
    with tempfile.TemporaryDirectory(dir=data) as out:
        printed = python("benchmarks.ingestion.measure", candidate, logs.resolve(), form, out)
    return json.loads(printed.splitlines()[-1])


def results(data: Path, rows: int, candidates: tuple[str, ...], repeats: int) -> Iterator[Result]:
    """Yields a result for each format and candidate, whose runs took turns."""
    for form in FORMATS:
        runs: dict[str, list[dict[str, float]]] = {candidate: [] for candidate in candidates}
        for _ in range(repeats):
            for candidate, found in runs.items():
                found.append(measure(data, rows, candidate, form))
        for candidate, found in runs.items():
            yield Result(
                form,
                candidate,
                rows,
                repeats,
                seconds=statistics.median(run["seconds"] for run in found),
                peak_mb=max(run["peak_mb"] for run in found),
                idle_mb=statistics.median(run["idle_mb"] for run in found),
            )


def bars(found: dict[tuple[str, str, int], Result], rows: int, peer_rows: int) -> list[dict]:
    """Returns what was claimed and what was measured."""
    checked = []
    for form in FORMATS:
        ours = found[form, "ours", rows]
        for other, bar in (
            (found[form, "peer", peer_rows], PEER_BAR),
            (found[form, "ceiling", rows], CEILING_BAR),
        ):
            ratio = ours.rate / other.rate
            claim = f"{form}: at least {bar:g} x the {other.candidate}'s rows/s"
            checked.append({"bar": claim, "measured": ratio, "reached": ratio >= bar})
        large = found.get((form, "ours", SCALE * rows))
        if large:
            for what, bar, ratio in (
                ("time", TIME_BAR, large.seconds / ours.seconds),
                ("peak memory", MEMORY_BAR, large.peak_mb / ours.peak_mb),
            ):
                claim = f"{form}: {SCALE} x the rows in at most {bar:g} x the {what}"
                checked.append({"bar": claim, "measured": ratio, "reached": ratio <= bar})
    return checked


def show(found: dict[tuple[str, str, int], Result], rows: int, peer_rows: int) -> Table:
    """Returns the table of all results."""
    title = f"Medians; peak memory with imports, and of it idle; {os.cpu_count()} cores"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("format", "", "rows", "s", "rows/s", "x peer", "of ceiling", "MB", "idle"):
        left = name in ("format", "")
        table.add_column(name, justify="left" if left else "right", no_wrap=True)
    for result in found.values():
        table.add_row(
            result.form,
            result.candidate,
            f"{result.impressions:,}",
            f"{result.seconds:.1f}",
            f"{result.rate:,.0f}",
            f"{result.rate / found[result.form, 'peer', peer_rows].rate:.2f}",
            f"{result.rate / found[result.form, 'ceiling', rows].rate:.2f}",
            f"{result.peak_mb:,.0f}",
            f"{result.idle_mb:,.0f}",
        )
    return table


@click.command()
@click.option("--rows", type=click.IntRange(min=100), default=1_000_000, show_default=True)
@click.option("--peer-rows", type=click.IntRange(min=100), default=200_000, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--scale", is_flag=True, help=f"also ours on {SCALE} times the rows, once")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=ROOT / "runs" / "bench" / "ingest",
    help="folder of the logs, kept for the next time  [default: runs/bench/ingest]",
)
@click.option("--json", "report", type=click.Path(path_type=Path), help="also write figures here")
def main(
    rows: int, peer_rows: int, repeats: int, scale: bool, data: Path, report: Path | None
) -> None:
    """Measure ingestion from Parquet and from CSV."""
    plan = [(rows, ("ours", "ceiling"), repeats), (peer_rows, ("peer",), 1)]
    if scale:
        plan.append((SCALE * rows, ("ours",), 1))
    found = {
        (result.form, result.candidate, result.impressions): result
        for step in plan
        for result in results(data, *step)
    }
    checked = bars(found, rows, peer_rows)
    console = Console()
    console.print(show(found, rows, peer_rows))
    for bar in checked:
        verdict = "reached" if bar["reached"] else "MISSED"
        console.print(f"{verdict}: {bar['bar']}; measured {bar['measured']:.2f}", highlight=False)
    if report:
        figures = [{**dataclasses.asdict(result), "rate": result.rate} for result in found.values()]
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(json.dumps({"results": figures, "bars": checked}, indent=2) + "\n")


if __name__ == "__main__":
    main()
