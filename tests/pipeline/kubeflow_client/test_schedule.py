import dataclasses
import datetime

import pytest

from components.log_example_gen.config import parse_as_of
from components.log_example_gen.spans import choose_spans
from pipeline.errors import RunFailed
from pipeline.kubeflow_client.cron import parse_cron
from pipeline.kubeflow_client.experiment import the_experiment
from pipeline.kubeflow_client.package import publish
from pipeline.kubeflow_client.schedule import retire, schedule, schedules
from pipeline.kubeflow_client.submit import submit
from pipeline.kubeflow_client.timetable import Timetable
from schemas.logs import HashSplit, Logs

DAY = datetime.timedelta(days=1)
NIGHTLY = Timetable(parse_cron("0 3 * * *"), False, None, None, 1)
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def experiment(connection):
    return the_experiment(connection, None, "demo")


@pytest.fixture
def pipeline_id(connection, compiled, now):
    return publish(connection, compiled, "demo", now)


@pytest.fixture
def put(connection, experiment, pipeline_id):
    return lambda when: schedule(connection, when, "demo", experiment, pipeline_id)


def test_a_schedule_is_a_recurring_run_that_follows_the_pipeline(
    put, server, experiment, pipeline_id
):
    outcome, made = put(NIGHTLY)
    assert outcome == "made"
    told = server.recurring[made].to_dict()
    assert {name: value for name, value in told.items() if value is not None} == {
        "recurring_run_id": made,
        "display_name": "demo",
        "experiment_id": experiment,
        "pipeline_version_reference": {"pipeline_id": pipeline_id, "pipeline_version_id": None},
        "runtime_config": {
            "parameters": {"as_of": "[[ScheduledTime.2006-01-02]]"},
            "pipeline_root": None,
        },
        "trigger": {
            "cron_schedule": {"cron": "0 0 3 * * *", "start_time": None, "end_time": None},
            "periodic_schedule": None,
        },
        "max_concurrency": "1",
        "mode": "ENABLE",
        "no_catchup": True,
        "status": "ENABLED",
        "created_at": told["created_at"],
    }


def test_a_night_learns_from_the_last_whole_day(put, server, tmp_path):
    """Over the stand-in's copy of Kubeflow's controller, to LogExampleGen's own choice."""
    put(NIGHTLY)
    (run,) = server.tick(datetime.datetime(2026, 2, 3, 3, tzinfo=datetime.UTC))
    assert run.runtime_config.parameters == {"as_of": "2026-02-03"}
    for day in ("2026-02-01", "2026-02-02", "2026-02-03"):  # the third has begun
        (tmp_path / day).mkdir()
        (tmp_path / day / "part.parquet").touch()
    log = {"path": "{SPAN}/*.parquet", "id": "id", "time": {"column": "time"}}
    logs = Logs(root=str(tmp_path), impressions=log, clicks=log, conversions=log)
    as_of = parse_as_of(run.runtime_config.parameters["as_of"])
    spans = choose_spans(logs, HashSplit(by="hash", key="id", eval="10%"), None, 7, as_of)
    assert [str(span) for span in spans] == ["2026-02-01", "2026-02-02"]


def test_a_schedule_follows_a_new_version_but_not_a_run_that_is_submitted(
    put, connection, server, experiment, compiled, now
):
    put(NIGHTLY)
    trial = compiled.replace("defaultValue: 7", "defaultValue: 2")
    submit(connection, trial, "demo", experiment, {}, now)
    moment = datetime.datetime(2026, 2, 3, 3, tzinfo=datetime.UTC)
    (before,) = server.tick(moment)
    publish(connection, compiled.replace("defaultValue: 7", "defaultValue: 9"), "demo", now)
    (after,) = server.tick(moment + DAY)
    windows = [
        run.pipeline_spec["pipeline_spec"]["root"]["inputDefinitions"]["parameters"]["window"]
        for run in (before, after)
    ]
    assert [window["defaultValue"] for window in windows] == [7, 9]


def test_the_same_schedule_twice_is_one_and_keeps_what_it_remembers(put, server):
    when = dataclasses.replace(NIGHTLY, catch_up=True, start=START, end=START + 90 * DAY)
    outcome, made = put(when)
    assert (outcome, put(when)) == ("made", ("unchanged", made))
    assert list(server.recurring) == [made]


@pytest.mark.parametrize(
    "change",
    [
        {"cron": parse_cron("0 4 * * *")},
        {"catch_up": True},
        {"start": START},
        {"end": START},
        {"max_concurrency": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_schedule_takes_the_place_of_the_first(change, put, server):
    _, first = put(NIGHTLY)
    outcome, second = put(dataclasses.replace(NIGHTLY, **change))
    assert outcome == "replaced"
    assert list(server.recurring) == [second] != [first]


def test_a_schedule_that_was_switched_off_or_doubled_by_hand_is_put_right(put, server):
    _, first = put(NIGHTLY)
    server.recurring[first].mode = "DISABLE"
    outcome, second = put(NIGHTLY)
    assert (outcome, list(server.recurring)) == ("replaced", [second])
    copy = type(server.recurring[second])(**_fields(server.recurring[second]))
    copy.recurring_run_id = "doubled"
    server.recurring["doubled"] = copy
    assert put(NIGHTLY) == ("unchanged", second)
    assert list(server.recurring) == [second]


def _fields(one):
    return {name: getattr(one, name) for name in one.openapi_types}


def test_a_run_that_goes_on_outlives_the_schedule_that_started_it(put, server):
    _, first = put(NIGHTLY)
    (run,) = server.tick(START)
    _, second = put(dataclasses.replace(NIGHTLY, max_concurrency=2))
    assert run.state == "PENDING"
    modes = {id_: one.mode for id_, one in server.recurring.items()}
    assert modes == {first: "DISABLE", second: "ENABLE"}
    assert len(server.tick(START + DAY)) == 1
    run.state = "SUCCEEDED"
    put(dataclasses.replace(NIGHTLY, max_concurrency=2))
    assert list(server.recurring) == [second]


def test_the_old_schedule_stays_where_the_new_one_is_refused(put, server, pipeline_id):
    _, first = put(NIGHTLY)
    spec = server.newest(pipeline_id).pipeline_spec["pipeline_spec"]
    del spec["root"]["inputDefinitions"]["parameters"]["as_of"]
    with pytest.raises(RunFailed, match="parameter as_of is not in the pipeline's inputs"):
        put(dataclasses.replace(NIGHTLY, max_concurrency=3))
    assert list(server.recurring) == [first]


def test_schedules_are_found_by_name_over_many_pages_and_retired(
    put, connection, server, experiment
):
    _, made = put(NIGHTLY)
    one = server.recurring.pop(made)
    for number in range(203):
        copy = type(one)(**_fields(one))
        copy.recurring_run_id = str(number)
        copy.display_name = "other" if number == 7 else "demo"
        server.recurring[copy.recurring_run_id] = copy
    found = list(schedules(connection, experiment, "demo"))
    assert len(found) == 202
    assert retire(connection, experiment, found[2:]) == []
    assert sorted(server.recurring) == ["0", "1", "7"]


def test_retiring_tells_which_runs_go_on(put, connection, server, experiment):
    put(NIGHTLY)
    (run,) = server.tick(START)
    known = list(schedules(connection, experiment, "demo"))
    assert retire(connection, experiment, known) == [run.run_id]
    run.state = "CANCELED"
    assert retire(connection, experiment, known) == []
    assert not server.recurring
