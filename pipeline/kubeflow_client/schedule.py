"""A pipeline that Kubeflow runs at set times: a recurring run, one for each pipeline."""

import datetime
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pipeline.kubeflow_client.connection import Connection, named
from pipeline.kubeflow_client.timetable import Timetable

# Midnight (UTC) of the day for which a run is scheduled, as a layout of Go: with no span asked for,
# the newest that began before it is the last whole day. The macros know no arithmetic.
CUT_OFF = "[[ScheduledTime.2006-01-02]]"
_NEVER = datetime.datetime.fromtimestamp(0, datetime.UTC)
_PAGE = 100
_ENDED = ("SUCCEEDED", "SKIPPED", "FAILED", "CANCELED")


Outcome = Literal["made", "replaced", "unchanged"]


def schedule(
    connection: Connection, when: Timetable, name: str, experiment: str, pipeline_id: str
) -> tuple[Outcome, str]:
    """Lets the newest version of a pipeline run at set times, instead of at those set before.

    The recurring run names no version of the pipeline. Only such a one is asked for anew each time
    it runs, with its parameters filled in; one that names a version was compiled once and for all,
    with `[[ScheduledTime]]` in it as it stands.

    Args:
        connection: to the server.
        when: the times.
        name: of the pipeline and of its schedule.
        experiment: the id of its experiment.
        pipeline_id: of the pipeline.

    Returns:
        What was done, and the id of the recurring run.

    Raises:
        RunFailed: if the server refuses.
    """
    models, service = connection.client.api_models, connection.client.recurring_runs
    new = models.V2beta1RecurringRun(
        display_name=name,
        experiment_id=experiment,
        pipeline_version_reference=models.V2beta1PipelineVersionReference(pipeline_id=pipeline_id),
        runtime_config=models.V2beta1RuntimeConfig(parameters={"as_of": CUT_OFF}),
        trigger=models.V2beta1Trigger(
            cron_schedule=models.V2beta1CronSchedule(
                cron=when.cron.with_seconds, start_time=when.start, end_time=when.end
            )
        ),
        max_concurrency=str(when.max_concurrency),
        no_catchup=not when.catch_up,
        mode=models.RecurringRunMode.ENABLE,
    )
    known = list(schedules(connection, experiment, name))
    same = next((one for one in known if _said(one) == _said(new)), None)
    # The new one first: were it refused, the old ones would still run.
    kept = same or connection.ask(
        service.recurring_run_service_create_recurring_run, recurring_run=new
    )
    others = [one for one in known if one is not same]
    retire(connection, experiment, others)
    outcome: Outcome = "unchanged" if same else "replaced" if others else "made"
    return outcome, str(kept.recurring_run_id)


def retire(connection: Connection, experiment: str, recurring_runs: Sequence[Any]) -> list[str]:
    """Lets recurring runs start nothing more; returns the ids of the runs that still go on.

    One of which a run goes on is switched off, as Kubeflow would end the run together with it; it
    goes the next time a schedule is put or taken away. The others go at once.

    Raises:
        RunFailed: if the server refuses.
    """
    service, left = connection.client.recurring_runs, []
    for one in recurring_runs:  # first, so that none starts a run from here on
        connection.ask(
            service.recurring_run_service_disable_recurring_run,
            recurring_run_id=one.recurring_run_id,
        )
    newest = connection.ask(
        connection.client.runs.run_service_list_runs,
        experiment_id=experiment,
        page_size=_PAGE,
        sort_by="created_at desc",
    )
    for one in recurring_runs:
        runs = [run for run in newest.runs or () if run.recurring_run_id == one.recurring_run_id]
        if going := [run.run_id for run in runs if run.state not in _ENDED]:
            left += going
        else:
            connection.ask(
                service.recurring_run_service_delete_recurring_run,
                recurring_run_id=one.recurring_run_id,
            )
    return left


def schedules(connection: Connection, experiment: str, name: str) -> Iterator[Any]:
    """Yields the recurring runs of that name in an experiment."""
    page: str | None = ""
    while page is not None:
        found = connection.ask(
            connection.client.recurring_runs.recurring_run_service_list_recurring_runs,
            experiment_id=experiment,
            filter=named(name),
            page_size=_PAGE,
            page_token=page or None,
        )
        yield from found.recurring_runs or ()
        page = found.next_page_token or None


def _said(recurring_run: Any) -> tuple[object, ...]:
    """Returns what makes two recurring runs the same."""
    reference = recurring_run.pipeline_version_reference
    cron = recurring_run.trigger.cron_schedule if recurring_run.trigger else None
    config = recurring_run.runtime_config
    return (
        cron and (cron.cron, moment(cron.start_time), moment(cron.end_time)),
        reference and (reference.pipeline_id, reference.pipeline_version_id or None),
        config and config.parameters,
        recurring_run.max_concurrency,
        bool(recurring_run.no_catchup),
        recurring_run.mode,
    )


def moment(told: datetime.datetime | None) -> datetime.datetime | None:
    """Returns a moment in UTC; None also for 1970, which a server may say where there is none."""
    return None if told in (None, _NEVER) else told.astimezone(datetime.UTC)
