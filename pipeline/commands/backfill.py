"""`backfill`: a run for each of several days."""

import datetime
import sys
from pathlib import Path

import click
from rich.console import Console

from pipeline.commands.span import Span

_FAILED = 1  # exit code


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--from", "first", required=True, type=Span(), help="The oldest day.")
@click.option("--to", "last", required=True, type=Span(), help="The newest day.")
@click.option(
    "--window",
    type=click.IntRange(min=1),
    help="Spans that each run reads. [default: the config's]",
)
@click.option("-k", "--keep-going", is_flag=True, help="Go on after a day that failed.")
@click.option(
    "--work", type=click.Path(path_type=Path), help="Where to write. [default: runs/<name>]"
)
@click.option("--set", "overrides", multiple=True, help="Override a key: --set training.epochs=2")
def backfill(
    config: Path,
    first: datetime.date,
    last: datetime.date,
    window: int | None,
    keep_going: bool,
    work: Path | None,
    overrides: tuple[str, ...],
) -> None:
    """Run CONFIG for each day from --from to --to, oldest first; what is done is not run again.

    A model of an earlier day than the one served is kept beside it, and not served. Ends with 1 if
    a day failed or a gate refused its model.
    """
    from pipeline.config_file import load_config

    loaded = load_config(config, overrides)
    from pipeline.backfill import backfill as fill
    from pipeline.backfill import backfill_table
    from pipeline.interrupts import terminable
    from pipeline.run_day import DayRun, run_day
    from pipeline.work_dir import WorkDir

    place = WorkDir((work or Path("runs") / loaded.name).resolve())
    run = DayRun(config, place, window, overrides)
    with terminable():
        days = fill(loaded, place, first, last, window, keep_going, lambda span: run_day(run, span))
    Console(highlight=False).print(backfill_table(place, days))
    if not all(day.passed for day in days):
        sys.exit(_FAILED)
