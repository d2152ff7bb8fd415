"""The door of the simulation: settings in, a directory of logs and their truth out."""

import contextlib
import dataclasses
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from simulation import tables
from simulation.history import Histories
from simulation.outcomes import Outcomes, happen
from simulation.partitions import Log
from simulation.placement import check_free, placed_at_the_end
from simulation.settings import Settings
from simulation.shop import Shop, open_shop
from simulation.traffic import DAY_SECONDS, Chunk, first_second, plan, visit
from simulation.truth import Biases, calibrate, reveal

__all__ = ["Settings", "Summary", "simulate"]

LOGS = ("impressions", "clicks", "conversions", "truth")


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a simulation wrote.

    Attributes:
        impressions: distinct impressions.
        clicks: clicked impressions.
        conversions: converted impressions.
        duplicated_impressions: lines of the impressions log that repeat another.
        repeated_clicks: lines of the clicks log that are a second click on the same impression.
        paths: directory of each log and of the truth.
    """

    impressions: int
    clicks: int
    conversions: int
    duplicated_impressions: int
    repeated_clicks: int
    paths: dict[str, Path]


def simulate(
    out: Path, settings: Settings, on_progress: Callable[[int, int], None] | None = None
) -> Summary:
    """Writes the logs of a simulated shop, and apart from them the truth.

    `out` appears at once, when all is written: `out/<log>/<day>/part-00000.<format>` for the
    logs impressions, clicks and conversions and, always Parquet, truth, with an empty file
    `_SUCCESS` beside them. An event lies in the UTC day of its own time, so the last conversions
    come up to four days after the last impression.

    Args:
        out: directory to make; it may exist if it is empty.
        settings: what to simulate.
        on_progress: called after each chunk with impressions so far and impressions in all.

    Returns:
        How much was written, and where.

    Raises:
        FileExistsError: if `out` is a file or a directory with something in it.
    """
    out = out.resolve()
    check_free(out)
    counts = {field.name: 0 for field in dataclasses.fields(Summary) if field.name != "paths"}
    with (
        placed_at_the_end(out) as directory,
        contextlib.closing(_write_chunks(directory, settings)) as chunks,
    ):
        for chunk, outcomes in chunks:
            counts["impressions"] += chunk.rows
            counts["clicks"] += len(outcomes.clicked)
            counts["conversions"] += len(outcomes.converted)
            counts["duplicated_impressions"] += len(outcomes.logged) - chunk.rows
            counts["repeated_clicks"] += len(outcomes.repeated)
            if on_progress is not None:
                on_progress(counts["impressions"], settings.impressions)
    return Summary(**counts, paths={log: out / log for log in LOGS})


@dataclasses.dataclass(frozen=True)
class _Run:
    """What lives as long as a simulation runs."""

    settings: Settings
    shop: Shop
    biases: Biases
    names: tables.Names
    histories: Histories
    logs: dict[str, Log]


def _write_chunks(
    directory: Path, settings: Settings
) -> Generator[tuple[Chunk, Outcomes], None, None]:
    """Simulates and writes chunk after chunk, yielding each and what came of it."""
    shop = open_shop(settings)
    biases = calibrate(settings, shop)
    histories = Histories(settings.num_users)
    with _open_logs(directory, settings) as logs:
        run = _Run(settings, shop, biases, tables.Names.of(shop), histories, logs)
        for chunk in plan(settings):
            yield chunk, _write_chunk(run, chunk)


def _write_chunk(run: _Run, chunk: Chunk) -> Outcomes:
    """Simulates one chunk, writes it and tells the histories of its clicks."""
    day = first_second(run.settings) // DAY_SECONDS + chunk.day
    for log in run.logs.values():
        log.close_before(day)
        log.open_day(day)
    run.histories.advance(chunk.begin)
    seen = visit(run.settings, run.shop, chunk)
    truth = reveal(run.shop, run.biases, seen)
    outcomes = happen(run.settings, chunk, seen, truth)
    clicked = outcomes.clicked
    shown = tables.impressions_table(run.shop, run.names, seen, run.histories, outcomes.logged)
    run.histories.tell(seen.user[clicked], seen.item[clicked], outcomes.click_time)
    run.logs["impressions"].write(shown)
    run.logs["clicks"].write(tables.clicks_table(seen, outcomes))
    run.logs["conversions"].write(tables.conversions_table(seen, outcomes))
    run.logs["truth"].open_day(day).write(tables.truth_table(seen, truth))
    return outcomes


@contextlib.contextmanager
def _open_logs(directory: Path, settings: Settings) -> Iterator[dict[str, Log]]:
    schemas = {
        "impressions": tables.IMPRESSIONS,
        "clicks": tables.CLICKS,
        "conversions": tables.CONVERSIONS,
        "truth": tables.TRUTH,
    }
    logs = {
        name: Log(directory / name, "parquet" if name == "truth" else settings.format, schema)
        for name, schema in schemas.items()
    }
    try:
        yield logs
    finally:
        for log in logs.values():
            log.close()
