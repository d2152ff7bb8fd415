"""`submit` and `runs`: a pipeline on Kubeflow, now."""

import datetime
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from pipeline.commands.moment import Moment
from pipeline.commands.span import Span

_WIDE = 1000  # of a table: the address of a page is never broken


def server_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds which server a command asks, whose runs, and under which experiment they stand."""
    options = (
        click.option(
            "--host",
            envvar="KFP_ENDPOINT",
            show_envvar=True,
            required=True,
            help="The server, as in http://localhost:8080.",
        ),
        click.option(
            "--namespace",
            envvar="KFP_NAMESPACE",
            show_envvar=True,
            help="Whose runs, where Kubeflow has several users.",
        ),
        click.option("--experiment", help="One that is there. [default: the pipeline's own]"),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--span", type=Span(), help="Newest date to read. [default: the newest]")
@click.option("--window", type=click.IntRange(min=1), help="Spans to read. [default: the config's]")
@click.option("--as-of", type=Moment(), help="Use only what had happened by then. [default: now]")
@server_options
@click.option("--set", "overrides", multiple=True, help="Override a key: --set training.epochs=2")
def submit(
    config: Path,
    span: datetime.date | None,
    window: int | None,
    as_of: datetime.datetime | None,
    host: str,
    namespace: str | None,
    experiment: str | None,
    overrides: tuple[str, ...],
) -> None:
    """Run CONFIG (a YAML file) once on Kubeflow, now."""
    from pipeline.config_file import load_config

    loaded = load_config(config, overrides)
    from pipeline.kubeflow.needs import kubeflow_of

    kubeflow_of(loaded)
    from pipeline.kubeflow_client.connection import connect
    from pipeline.kubeflow_client.experiment import the_experiment
    from pipeline.kubeflow_client.submit import submit as start

    connection = connect(host, namespace)  # a wrong host need not wait for TFX's import
    found = the_experiment(connection, experiment, loaded.name)
    from pipeline.kubeflow.compile import compile_run

    now = datetime.datetime.now(datetime.UTC)
    # Kubeflow takes a step from its cache if it is asked for the same again: the moment tells a
    # run of today from one of yesterday.
    asked: dict[str, str | int] = {"as_of": (as_of or now.replace(microsecond=0)).isoformat()}
    asked |= {"span": span.isoformat()} if span else {}
    asked |= {"window": window} if window else {}
    run = start(connection, compile_run(loaded), loaded.name, found, asked, now)
    console = Console(highlight=False, soft_wrap=True)
    for name, value in asked.items():
        console.print(f"{name:<6} {value}")
    console.print(f"[bold]run[/]    {escape(connection.page('runs', run))}")


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--last",
    default=10,
    show_default=True,
    type=click.IntRange(1, 200),
    help="Runs to list, the newest first.",
)
@server_options
def runs(config: Path, last: int, host: str, namespace: str | None, experiment: str | None) -> None:
    """List the schedule and the newest runs of CONFIG (a YAML file) on Kubeflow."""
    from pipeline.config_file import load_config

    loaded = load_config(config)
    from pipeline.kubeflow.needs import kubeflow_of

    kubeflow_of(loaded)
    name = loaded.name
    from pipeline.kubeflow_client.connection import connect
    from pipeline.kubeflow_client.experiment import find_experiment, the_experiment
    from pipeline.kubeflow_client.runs import newest_runs, runs_table, schedules_table
    from pipeline.kubeflow_client.schedule import schedules

    connection = connect(host, namespace)
    console = Console(highlight=False, width=_WIDE)
    found = find_experiment(connection, name) if experiment is None else None
    if experiment is not None:
        found = the_experiment(connection, experiment, name)
    if found is None:
        console.print(escape(f"{name} was never submitted to {connection.host}"))
        return
    now = datetime.datetime.now(datetime.UTC)
    if scheduled := list(schedules(connection, found, name)):
        console.print(schedules_table(connection, scheduled, now))
        console.print()
    if started := newest_runs(connection, found, last):
        console.print(runs_table(connection, started, now))
    if not scheduled and not started:
        console.print(f"{escape(name)} has neither a schedule nor a run")
