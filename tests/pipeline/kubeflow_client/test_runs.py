import datetime
import io

import pytest
from rich.console import Console

from pipeline.kubeflow_client.cron import parse_cron
from pipeline.kubeflow_client.experiment import the_experiment
from pipeline.kubeflow_client.package import publish
from pipeline.kubeflow_client.runs import newest_runs, runs_table, schedules_table
from pipeline.kubeflow_client.schedule import schedule, schedules
from pipeline.kubeflow_client.submit import submit
from pipeline.kubeflow_client.timetable import Timetable


def lines(table):
    console = Console(file=io.StringIO(), width=1000)
    console.print(table)
    return [line.split("  ") for line in console.file.getvalue().splitlines()]


def cells(table):
    return [[cell.strip() for cell in line if cell.strip()] for line in lines(table)[2:]]


@pytest.fixture
def experiment(connection):
    return the_experiment(connection, None, "demo")


def test_runs_are_listed_the_newest_first_with_what_became_of_them(
    connection, server, experiment, compiled, now
):
    for asked in ({"as_of": "2026-02-01"}, {"span": "2026-01-31", "as_of": "2026-02-01"}, {}):
        submit(connection, compiled, "demo", experiment, asked, now)
    states = (("SUCCEEDED", 200), ("FAILED", 59), ("RUNNING", None))
    for run, (state, took) in zip(server.runs.values(), states, strict=True):
        run.state, run.created_at = state, now
        run.finished_at = now + datetime.timedelta(seconds=took) if took else run.finished_at
    found = newest_runs(connection, experiment, 10)
    table = cells(runs_table(connection, found, now + datetime.timedelta(seconds=5)))
    pages = [f"{server.host}/#/runs/details/{id_}" for id_ in server.runs]
    told = ["demo 20260201T123015Z"], "2026-02-01 12:30"
    assert table == [
        [*told[0], "running", "newest", told[1], "5.0 s", pages[2]],
        [*told[0], "failed", "2026-01-31", told[1], "59.0 s", pages[1]],
        [*told[0], "succeeded", "newest before 2026-02-01", told[1], "3 min 20 s", pages[0]],
    ]
    assert [run.run_id for run in newest_runs(connection, experiment, 1)] == [list(server.runs)[2]]


def test_a_schedule_is_listed_with_its_five_fields_and_its_next_time(
    connection, server, experiment, compiled, now
):
    pipeline_id = publish(connection, compiled, "demo", now)
    when = Timetable(parse_cron("0 3 * * 1"), True, now - datetime.timedelta(days=9), None, 1)
    _, made = schedule(connection, when, "demo", experiment, pipeline_id)

    def listed():
        return cells(
            schedules_table(connection, list(schedules(connection, experiment, "demo")), now)
        )

    page = f"{server.host}/#/recurringrun/details/{made}"
    assert listed() == [["demo", "on", "0 3 * * 1", "2026-02-02 03:00", "all", page]]
    one = server.recurring[made]
    one.no_catchup, one.mode = True, "DISABLE"
    assert listed() == [["demo", "off", "0 3 * * 1", "only the last", page]]
    # By other hands: what we would not write is shown as it stands.
    one.trigger.cron_schedule.cron = "30 0 3 ? * 2-6"
    assert listed() == [["demo", "off", "30 0 3 ? * 2-6 (with seconds)", "only the last", page]]
    one.trigger.cron_schedule = None
    assert listed() == [["demo", "off", "(an interval)", "only the last", page]]
