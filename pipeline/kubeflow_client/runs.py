"""What a server knows of a pipeline: its schedule and its newest runs."""

import datetime
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from pipeline import quantities
from pipeline.kubeflow_client.connection import Connection
from pipeline.kubeflow_client.cron import parse_cron
from pipeline.kubeflow_client.schedule import moment
from pipeline.kubeflow_client.timetable import Timetable

_NONE = datetime.datetime.fromtimestamp(
    0, datetime.UTC
)  # what a server may say where there is none


def newest_runs(connection: Connection, experiment: str, number: int) -> list[Any]:
    """Returns the newest runs of an experiment, the newest first."""
    found = connection.ask(
        connection.client.runs.run_service_list_runs,
        experiment_id=experiment,
        page_size=number,
        sort_by="created_at desc",
    )
    return list(found.runs or ())


def schedules_table(
    connection: Connection, schedules: Sequence[Any], now: datetime.datetime
) -> Table:
    """Returns when recurring runs run, and their pages."""
    table = _table("schedule", "state", "cron", "next (UTC)", "missed times", "page")
    for one in schedules:
        table.add_row(
            one.display_name,
            "on" if one.mode == "ENABLE" else "off",
            *_times(one, now),
            "only the last" if one.no_catchup else "all",
            connection.page("recurringrun", one.recurring_run_id),
        )
    return table


def runs_table(connection: Connection, runs: Sequence[Any], now: datetime.datetime) -> Table:
    """Returns what became of runs, and their pages."""
    table = _table("run", "state", "span", "started (UTC)", "took", "page")
    for one in runs:
        started = moment(one.created_at)
        ended = moment(one.finished_at)
        took = (ended or now) - started if started else None
        table.add_row(
            one.display_name,
            (one.state or "unknown").lower(),
            _span(one),
            f"{started:%Y-%m-%d %H:%M}" if started else "",
            quantities.seconds(took.total_seconds()) if took else "",
            connection.page("runs", one.run_id),
        )
    return table


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ignore")
    return table


def _times(recurring_run: Any, now: datetime.datetime) -> tuple[str, str]:
    """Returns the cron and the next time of a recurring run, as far as they are ours to read."""
    told = recurring_run.trigger.cron_schedule if recurring_run.trigger else None
    if told is None:
        return "(an interval)", ""
    seconds, _, five = told.cron.partition(" ")
    try:
        cron = parse_cron(five if seconds == "0" else told.cron)
    except ValueError:  # made by other hands: six fields and more words
        return f"{told.cron} (with seconds)", ""
    times = Timetable(cron, False, moment(told.start_time), moment(told.end_time), 1)
    if recurring_run.mode != "ENABLE":
        return cron.text, ""
    following = next(times.times(now), None)
    return cron.text, f"{following:%Y-%m-%d %H:%M}" if following else ""


def _span(run: Any) -> str:
    """Returns the newest span that a run was asked for."""
    asked = (run.runtime_config and run.runtime_config.parameters) or {}
    if asked.get("span"):
        return str(asked["span"])
    return f"newest before {asked['as_of']}" if asked.get("as_of") else "newest"
