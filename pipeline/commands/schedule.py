"""`schedule`: a pipeline on Kubeflow, again and again."""

import datetime
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from pipeline.commands.kubeflow import server_options
from pipeline.commands.moment import Moment
from pipeline.errors import Misuse

if TYPE_CHECKING:
    from pipeline.kubeflow_client.timetable import Timetable

_TIMES_TOLD = 3


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--cron", help="Minute, hour, day, month, weekday, as in '0 3 * * *'; UTC.")
@click.option(
    "--catch-up/--no-catch-up",
    default=False,
    show_default=True,
    help="Make good every time that was missed since --start, or only the last.",
)
@click.option("--start", type=Moment(), help="No time before it. [default: now]")
@click.option("--end", type=Moment(), help="No time after it.")
@click.option(
    "--max-concurrency",
    default=1,
    show_default=True,
    type=click.IntRange(1, 10),
    help="Runs at once, at most.",
)
@click.option("--remove", is_flag=True, help="Take the schedule away; what runs goes on.")
@server_options
@click.option("--set", "overrides", multiple=True, help="Override a key: --set training.epochs=2")
def schedule(
    config: Path,
    cron: str | None,
    catch_up: bool,
    start: datetime.datetime | None,
    end: datetime.datetime | None,
    max_concurrency: int,
    remove: bool,
    host: str,
    namespace: str | None,
    experiment: str | None,
    overrides: tuple[str, ...],
) -> None:
    """Let Kubeflow run CONFIG (a YAML file) at set times, each for the last whole day before it.

    A pipeline has one schedule: a second one takes the place of the first.
    """
    from pipeline.config_file import load_config

    loaded = load_config(config, overrides)
    from pipeline.kubeflow.needs import kubeflow_of

    kubeflow_of(loaded)
    if remove == (cron is not None):
        raise Misuse("a schedule is made with --cron or taken away with --remove: give one of them")
    if cron is None:
        _remove(loaded.name, host, namespace, experiment)
        return
    when = _when(cron, catch_up, start, end, max_concurrency)
    from pipeline.kubeflow_client.connection import connect
    from pipeline.kubeflow_client.experiment import the_experiment
    from pipeline.kubeflow_client.package import publish
    from pipeline.kubeflow_client.schedule import schedule as put

    connection = connect(host, namespace)
    found = the_experiment(connection, experiment, loaded.name)
    from pipeline.kubeflow.compile import compile_run

    now = datetime.datetime.now(datetime.UTC)
    pipeline_id = publish(connection, compile_run(loaded), loaded.name, now)
    outcome, made = put(connection, when, loaded.name, found, pipeline_id)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{outcome}[/] {when.cron.text} (Kubeflow: {when.cron.with_seconds})")
    missed = when.missed(now)
    if missed and outcome != "unchanged":
        console.print(f"at once {missed} of the times that lie behind")
    for time in itertools.islice(when.times(now), _TIMES_TOLD):
        console.print(f"next   {time:%a %Y-%m-%d %H:%M} UTC, with what had happened by 00:00")
    console.print(f"[bold]page[/]   {escape(connection.page('recurringrun', made))}")


def _when(
    cron: str,
    catch_up: bool,
    start: datetime.datetime | None,
    end: datetime.datetime | None,
    max_concurrency: int,
) -> "Timetable":
    """Returns the times that are asked for.

    Raises:
        Misuse: if they are none, or nobody can tell which were missed.
    """
    from pipeline.kubeflow_client.cron import parse_cron
    from pipeline.kubeflow_client.timetable import Timetable

    if catch_up and start is None:
        raise Misuse(
            "--catch-up makes good what was missed since --start: give one, as in "
            "--start 2026-01-01"
        )
    try:
        when = Timetable(parse_cron(cron), catch_up, start, end, max_concurrency)
    except ValueError as error:
        raise Misuse(f"--cron: {error}") from error
    now = datetime.datetime.now(datetime.UTC)
    if not when.missed(now) and not any(when.times(now)):
        raise Misuse(f"no time of {cron!r} is still to come before --end {end}: give a later one")
    return when


def _remove(name: str, host: str, namespace: str | None, experiment: str | None) -> None:
    from pipeline.kubeflow_client.connection import connect
    from pipeline.kubeflow_client.experiment import find_experiment
    from pipeline.kubeflow_client.schedule import retire, schedules

    connection = connect(host, namespace)
    found = find_experiment(connection, experiment or name)
    known = list(schedules(connection, found, name)) if found else []
    if found is None or not known:
        raise Misuse(
            f"{name!r} has no schedule at {connection.host} in the experiment "
            f"{experiment or name!r}: `funnelrank runs` lists what there is"
        )
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]removed[/] {escape(name)} is scheduled no more")
    for run in retire(connection, found, known):
        console.print(f"goes on {escape(connection.page('runs', run))}")
