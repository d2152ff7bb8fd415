"""`run` and `tune`: from logs to models."""

import datetime
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands.duration import Duration
from pipeline.commands.moment import Moment
from pipeline.commands.span import Span

if TYPE_CHECKING:
    from pipeline.run_day import DayRun

_FAILED = 1  # exit code


def _data_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds which spans are read, as of when, and where a command writes."""
    options = (
        click.option("--span", type=Span(), help="Newest date to read. [default: the newest]"),
        click.option(
            "--window", type=click.IntRange(min=1), help="Spans to read. [default: the config's]"
        ),
        click.option(
            "--as-of",
            type=Moment(),
            help="Use only what had happened by then. [default: now]",
        ),
        click.option(
            "--work", type=click.Path(path_type=Path), help="Where to write. [default: runs/<name>]"
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@_data_options
@click.option("--set", "overrides", multiple=True, help="Override a key: --set training.epochs=2")
@click.option("--watch", is_flag=True, help="Run whenever a day is complete, until stopped.")
@click.option(
    "--poll",
    type=Duration(),
    default="1m",
    show_default=True,
    help="With --watch: how often to look.",
)
@click.pass_context
def run(
    context: click.Context,
    config: Path,
    span: datetime.date | None,
    window: int | None,
    as_of: datetime.datetime | None,
    work: Path | None,
    overrides: tuple[str, ...],
    watch: bool,
    poll: float,
) -> None:
    """Run CONFIG (a YAML file): from its logs to a pushed model.

    With --watch a day is run when each log has a file _SUCCESS in its folder of that day.
    """
    from pipeline.config_file import load_config

    _fit_together(context, watch, span, as_of)
    loaded = load_config(config, overrides)  # a wrong config need not wait for Beam's import
    from pipeline.preflight import resolve_inputs
    from pipeline.run import run as run_pipeline
    from pipeline.run_day import DayRun
    from pipeline.work_dir import WorkDir

    place = WorkDir((work or Path("runs") / loaded.name).resolve())
    if watch:
        _watch(DayRun(config, place, window, overrides), poll)
        return
    inputs = resolve_inputs(loaded, span, window, as_of)
    if not run_pipeline(loaded, inputs, place):
        sys.exit(_FAILED)


def _fit_together(
    context: click.Context,
    watch: bool,
    span: datetime.date | None,
    as_of: datetime.datetime | None,
) -> None:
    """Refuses options that say nothing together."""
    if watch and (span or as_of):
        raise click.UsageError(
            "--watch runs the days as they come: give it without --span and --as-of, or see "
            "`funnelrank backfill`"
        )
    default = context.get_parameter_source("poll") is click.core.ParameterSource.DEFAULT
    if not watch and not default:
        raise click.UsageError("--poll says how often --watch looks: give --watch too")


def _watch(run: "DayRun", poll: float) -> None:
    """Runs days as they are complete, until a signal comes."""
    from pipeline.config_file import load_config
    from pipeline.interrupts import terminable
    from pipeline.run_day import run_day
    from pipeline.watch_spans import Look, Seen, look, watch

    def look_round(seen: Seen | None) -> Look:
        loaded = load_config(run.config, run.overrides)  # it may have changed
        return look(loaded, run.window, seen, datetime.datetime.now(datetime.UTC))

    look_round(None)  # what is wrong now is misuse
    with terminable():
        try:
            watch(
                look_round, run.work, lambda span: run_day(run, span),
                wait=lambda: time.sleep(poll), say=click.echo,
            )  # fmt: skip
        except KeyboardInterrupt:
            click.echo("Stopped. The same command goes on from here.")


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--trials", default=20, show_default=True, type=click.IntRange(min=1), help="In all, so far."
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Same seed, same trials.",
)
@_data_options
@click.option("--set", "overrides", multiple=True, help="Override a key: --set tuning.seeds=3")
def tune(
    config: Path,
    trials: int,
    seed: int,
    span: datetime.date | None,
    window: int | None,
    as_of: datetime.datetime | None,
    work: Path | None,
    overrides: tuple[str, ...],
) -> None:
    """Search the space of CONFIG's `tuning`; goes on where an earlier search was stopped."""
    from pipeline.config_file import load_config

    loaded = load_config(config, overrides)
    from pipeline.preflight import resolve_inputs
    from pipeline.tune import searched
    from pipeline.tune import tune as search
    from pipeline.work_dir import WorkDir

    searched(loaded)
    place = WorkDir((work or Path("runs") / loaded.name).resolve())
    inputs = resolve_inputs(loaded, span, window, as_of)
    again = [str(config), *(("--work", str(work)) if work else ())]
    again += [word for override in overrides for word in ("--set", override)]
    search(loaded, inputs, place, trials, seed, again)
