"""A compiled pipeline as the API takes it, and its place in the server's catalogue."""

import datetime
import tempfile
from typing import Any

import yaml

from pipeline.kubeflow_client.connection import Connection, named


def specification(compiled: str) -> dict[str, Any]:
    """Returns what is in a compiled pipeline: its specification, or with it the platform's.

    Args:
        compiled: YAML of one document or, with what Kubernetes needs to know, two.
    """
    first, *rest = yaml.safe_load_all(compiled)
    return {"pipeline_spec": first, "platform_spec": rest[0]} if rest else first


def publish(connection: Connection, compiled: str, name: str, now: datetime.datetime) -> str:
    """Makes a compiled pipeline the newest version in the catalogue; returns the pipeline's id.

    Where the newest version is the same already, nothing is uploaded.

    Args:
        connection: to the server.
        compiled: the YAML.
        name: of the pipeline; one is made if there is none.
        now: what the version is called by.

    Raises:
        RunFailed: if the server refuses.
    """
    client = connection.client
    found = connection.ask(
        client.pipelines.pipeline_service_list_pipelines,
        filter=named(name),
        namespace=connection.namespace,
    )
    if not found.pipelines:
        uploaded = {"name": name, "namespace": connection.namespace}
        return str(_upload(connection, "upload_pipeline", compiled, uploaded).pipeline_id)
    pipeline_id = str(found.pipelines[0].pipeline_id)
    newest = connection.ask(
        client.pipelines.pipeline_service_list_pipeline_versions,
        pipeline_id=pipeline_id,
        page_size=1,
        sort_by="created_at desc",
    )
    known = [version.pipeline_spec for version in newest.pipeline_versions or ()]
    if known != [specification(compiled)]:
        # A name that Kubernetes takes, where versions are kept as its objects.
        uploaded = {"name": f"{name}-{now:%Y%m%d%H%M%S}", "pipelineid": pipeline_id}
        _upload(connection, "upload_pipeline_version", compiled, uploaded)
    return pipeline_id


def _upload(connection: Connection, call: str, compiled: str, about: dict[str, Any]) -> Any:
    # The API takes a file, and tells by its name what is in it.
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(compiled)
        file.flush()
        upload = getattr(connection.client.pipeline_uploads, call)
        return connection.ask(upload, uploadfile=file.name, **about)
