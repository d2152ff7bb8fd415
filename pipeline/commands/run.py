"""`run` and `tune`: from logs to models."""

import datetime
import sys
from collections.abc import Callable
from pathlib import Path

import click

from pipeline.commands.moment import Moment

_FAILED = 1  # exit code


def _parse_span(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> datetime.date | None:
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(
            f"a span is a date, as in 2026-01-31. Received: {text!r}"
        ) from error


def _data_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds which spans are read, as of when, and where a command writes."""
    options = (
        click.option(
            "--span", callback=_parse_span, help="Newest date to read. [default: the newest]"
        ),
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
def run(
    config: Path,
    span: datetime.date | None,
    window: int | None,
    as_of: datetime.datetime | None,
    work: Path | None,
    overrides: tuple[str, ...],
) -> None:
    """Run CONFIG (a YAML file): from its logs to a pushed model."""
    from pipeline.config_file import load_config

    loaded = load_config(config, overrides)  # a wrong config need not wait for Beam's import
    from pipeline.preflight import resolve_inputs
    from pipeline.run import run as run_pipeline
    from pipeline.work_dir import WorkDir

    place = WorkDir((work or Path("runs") / loaded.name).resolve())
    inputs = resolve_inputs(loaded, span, window, as_of)
    if not run_pipeline(loaded, inputs, place):
        sys.exit(_FAILED)


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
