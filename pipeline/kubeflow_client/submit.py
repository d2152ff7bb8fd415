"""One run on Kubeflow, now.

The pipeline travels inside the request and is not put in the server's catalogue: what stands
there is what schedules follow, and a trial must not change them.
"""

import datetime
from collections.abc import Mapping

from pipeline.kubeflow_client.connection import Connection
from pipeline.kubeflow_client.package import specification


def submit(
    connection: Connection,
    compiled: str,
    name: str,
    experiment: str,
    parameters: Mapping[str, str | int],
    now: datetime.datetime,
) -> str:
    """Starts a run and returns its id.

    Args:
        connection: to the server.
        compiled: the YAML of the pipeline.
        name: of the pipeline.
        experiment: its id.
        parameters: of the pipeline; what is left out is as compiled.
        now: what the run is called by.

    Raises:
        RunFailed: if the server refuses.
    """
    models = connection.client.api_models
    run = models.V2beta1Run(
        display_name=f"{name} {now:%Y%m%dT%H%M%SZ}",
        experiment_id=experiment,
        pipeline_spec=specification(compiled),
        runtime_config=models.V2beta1RuntimeConfig(parameters=dict(parameters)),
    )
    made = connection.ask(connection.client.runs.run_service_create_run, run=run)
    return str(made.run_id)
