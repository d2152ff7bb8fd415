"""The experiment under which a pipeline's runs stand: one of its own, unless another is named."""

from pipeline.errors import Misuse
from pipeline.kubeflow_client.connection import Connection, named

_TOLD = 10  # known experiments that an error names


def find_experiment(connection: Connection, name: str) -> str | None:
    """Returns the id of an experiment; None if there is none of that name."""
    found = connection.ask(
        connection.client.experiments.experiment_service_list_experiments,
        filter=named(name),
        namespace=connection.namespace,
    )
    return found.experiments[0].experiment_id if found.experiments else None


def the_experiment(connection: Connection, asked: str | None, pipeline: str) -> str:
    """Returns the id of the experiment that is asked for.

    Args:
        connection: to the server.
        asked: its name; it must be there, as a new one would only be a slip of the pen.
        pipeline: whose own experiment it is if none is asked for; made if it is not there.

    Raises:
        Misuse: if there is none of the name that was asked for.
    """
    if found := find_experiment(connection, asked or pipeline):
        return found
    service = connection.client.experiments
    if asked is None:
        new = connection.client.api_models.V2beta1Experiment(
            display_name=pipeline, namespace=connection.namespace
        )
        made = connection.ask(service.experiment_service_create_experiment, experiment=new)
        return str(made.experiment_id)
    known = connection.ask(
        service.experiment_service_list_experiments,
        page_size=_TOLD,
        sort_by="created_at desc",
        namespace=connection.namespace,
    )
    names = ", ".join(experiment.display_name for experiment in known.experiments or ())
    raise Misuse(
        f"there is no experiment {asked!r} at {connection.host}: the newest are "
        f"{names or 'none at all'}. Leave --experiment out to have one called {pipeline!r}"
    )
