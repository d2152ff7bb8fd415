"""`rollback`, `lineage` and `monitor`: what is served, where it came from and how it does."""

import datetime
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from pipeline.commands.moment import Moment

_FAILED = 1  # exit code


@click.command()
@click.argument("model_dir", type=click.Path(path_type=Path))
@click.option("--to", type=click.IntRange(min=0), help="Version to go back to. [default: the last]")
def rollback(model_dir: Path, to: int | None) -> None:
    """Withdraw the newest version in MODEL_DIR: the one before it is the newest again.

    MODEL_DIR is the folder whose folders are versions, such as runs/demo/serving. What is withdrawn
    lies in MODEL_DIR/.withdrawn, and keeps its number.
    """
    from pipeline.quantities import place
    from pipeline.rollback import put_back, roll_back

    serving_dir = model_dir.resolve()
    done = roll_back(
        serving_dir, to, lambda holder: click.echo(f"Waiting for {holder}, which pushes", err=True)
    )
    console = Console(highlight=False)
    for version in done.withdrawn:
        console.print(f"[bold]withdrawn[/] {version.number}  {version.period}", soft_wrap=True)
    newest = done.newest
    console.print(f"[bold]newest[/]    {newest.number}  {newest.period}", soft_wrap=True)
    console.print(
        f"[bold]model[/]     {escape(place(serving_dir / str(newest.number)))}", soft_wrap=True
    )
    console.print("To serve what was withdrawn again:")
    for version in done.withdrawn:
        console.print(f"  {escape(put_back(done.aside / str(version.number)))}", soft_wrap=True)


@click.command()
@click.argument("version")
@click.option("--work", type=click.Path(path_type=Path), help="Of the run. [default: found]")
@click.option("--json", "as_text", is_flag=True, help="Print JSON.")
def lineage(version: str, work: Path | None, as_text: bool) -> None:
    """Tell where VERSION came from: spans, config, code, figures, gates and artifacts.

    VERSION is a number, `latest`, or the folder of a version. It may have been withdrawn.
    """
    from pipeline.lineage.text import as_json, show
    from pipeline.lineage.trace import find
    from pipeline.lineage.trace import lineage as trace

    run, number = find(version, work)
    found = trace(run, number)
    if as_text:
        click.echo(as_json(found))
    else:
        show(found, run, Console(highlight=False))


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--since", type=Moment(), help="Served from then on. [default: the window]")
@click.option("--until", type=Moment(), help="And before then.")
@click.option(
    "--hours", type=click.IntRange(min=1), help="The last hours only, in place of --since."
)
@click.option("--as-of", type=Moment(), help="Use only what had happened by then. [default: now]")
@click.option("--work", type=click.Path(path_type=Path), help="Of a run. [default: runs/<name>]")
@click.option("--out", type=click.Path(path_type=Path), help="Write every hour to a Parquet file.")
@click.option("--json", "as_text", is_flag=True, help="Print JSON.")
@click.option(
    "--set", "overrides", multiple=True, help="Override a key: --set monitor.auc='>= 0.6'"
)
def monitor(
    config: Path,
    since: datetime.datetime | None,
    until: datetime.datetime | None,
    hours: int | None,
    as_of: datetime.datetime | None,
    work: Path | None,
    out: Path | None,
    as_text: bool,
    overrides: tuple[str, ...],
) -> None:
    """Join served scores with the outcomes that came later; exit code 1 if one is out of band.

    COPC is what happened over what was predicted: clicks over the sum of predicted click rates.
    """
    from pipeline.config_file import load_config

    loaded = load_config(config, overrides)
    from pipeline.monitoring.export import as_json, write_hours
    from pipeline.monitoring.period import Asked
    from pipeline.monitoring.tables import show
    from pipeline.monitoring.watch import watch

    known = as_of or datetime.datetime.now(datetime.UTC)
    watched = watch(loaded, Asked(since, until, hours, known), work or Path("runs") / loaded.name)
    if out is not None:
        write_hours(watched, out)
    if as_text:
        click.echo(as_json(watched))
    else:
        show(watched, Console(highlight=False))
    if watched.alerts:
        sys.exit(_FAILED)
