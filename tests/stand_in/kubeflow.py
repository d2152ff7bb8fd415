"""A Kubeflow Pipelines server for tests, made of the models of kfp's own API.

Every body is read as the model that the API names, and refused where it has a field that the model
has not; pipelines are read as PipelineSpec; answers are models as the API writes them. Nothing
runs: `tick` alone does what the controller of recurring runs does when a time has come.
"""

import datetime
import http.server
import json
import re
import ssl
import threading
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import kfp_server_api as api
from kfp_server_api import models

from tests.stand_in.kubeflow_bodies import (
    Asked,
    Refused,
    check_parameters,
    checked_pipeline,
    fits,
    parse,
    uploaded,
)


class StandIn:
    """A server on a free port of this machine, from `with` on.

    Attributes:
        host: its address.
        calls: method and path of what it was asked, in order.
        experiments, pipelines, versions, runs, recurring: by id, the oldest first.
    """

    def __init__(self, *, token: str | None = None, several_users: bool = False):
        self.token, self.several_users = token, several_users
        self.page: bytes | None = None  # what is answered instead of everything, as a proxy would
        self.calls: list[tuple[str, str]] = []
        self.experiments: dict[str, Any] = {}
        self.pipelines: dict[str, Any] = {}
        self.versions: dict[str, Any] = {}
        self.runs: dict[str, Any] = {}
        self.recurring: dict[str, Any] = {}
        handler = type("Bound", (_Handler,), {"stand_in": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.host = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def encrypt(self, certificate: Path, key: Path) -> None:
        """Lets it talk TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.host = self.host.replace("http:", "https:")

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, kind: str
    ) -> Any:
        """Returns what the API answers."""
        self.calls.append((method, path))
        for wanted, pattern, act in _ROUTES:
            if wanted == method and (found := re.fullmatch(pattern, path)):
                return act(self, Asked(found.groups(), query, body, kind))
        raise Refused(404, f"no such call: {method} {path}")

    def tick(self, moment: datetime.datetime) -> list[Any]:
        """Starts what is scheduled for a moment, as Kubeflow's controller does.

        Only for a recurring run that names no version is a run asked for anew, its macros filled
        in; one that names a version was compiled when it was made, macros and all.
        """
        started = []
        for one in self.recurring.values():
            if one.mode != "ENABLE":
                continue
            parameters = dict(one.runtime_config.parameters)
            if not one.pipeline_version_reference.pipeline_version_id:
                parameters = {
                    name: value.replace("[[ScheduledTime.2006-01-02]]", f"{moment:%Y-%m-%d}")
                    for name, value in parameters.items()
                }
            pipeline_id = one.pipeline_version_reference.pipeline_id
            run = models.V2beta1Run(
                display_name=f"{one.display_name}-{moment:%Y%m%d%H%M}",
                experiment_id=one.experiment_id,
                recurring_run_id=one.recurring_run_id,
                pipeline_spec=self.newest(pipeline_id).pipeline_spec,
                runtime_config=models.V2beta1RuntimeConfig(parameters=parameters),
                scheduled_at=moment,
            )
            started.append(_start(self, run, moment))
        return started

    def newest(self, pipeline_id: str) -> Any:
        """Returns the newest version of a pipeline."""
        return [one for one in self.versions.values() if one.pipeline_id == pipeline_id][-1]


class _Handler(http.server.BaseHTTPRequestHandler):
    stand_in: StandIn

    def _do(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        query = {name: values[-1] for name, values in urllib.parse.parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, said = 200, self.stand_in.page
        if said is None:
            try:
                token = self.stand_in.token
                if token and self.headers.get("authorization") != f"Bearer {token}":
                    raise Refused(401, "Unauthenticated: there was no user identity header")
                kind = self.headers.get("Content-Type", "")
                told = self.stand_in.answer(self.command, parts.path, query, body, kind)
            except Refused as error:
                status, told = error.status, {"error": str(error), "code": 3, "message": str(error)}
            said = json.dumps(api.ApiClient().sanitize_for_serialization(told)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = _do

    def log_message(self, *_: object) -> None:
        pass


def _start(server: StandIn, run: Any, now: datetime.datetime | None = None) -> Any:
    if run.experiment_id not in server.experiments:
        raise Refused(404, f"Experiment {run.experiment_id} not found")
    if not run.display_name or run.pipeline_spec is None:
        raise Refused(400, "a run has a name and, here, its pipeline with it")
    known = checked_pipeline(run.pipeline_spec)
    check_parameters(run.runtime_config.parameters or {}, known)
    run.run_id, run.state = str(uuid.uuid4()), "PENDING"
    run.created_at = now or datetime.datetime.now(datetime.UTC)
    run.finished_at = datetime.datetime.fromtimestamp(0, datetime.UTC)  # as Kubeflow says it
    server.runs[run.run_id] = run
    return run


def _create_run(server: StandIn, asked: Asked) -> Any:
    return _start(server, parse(asked.body, "V2beta1Run"))


def _create_recurring(server: StandIn, asked: Asked) -> Any:
    one = parse(asked.body, "V2beta1RecurringRun")
    fields = one.trigger.cron_schedule.cron.split()
    if len(fields) != 6:  # Kubeflow takes five, and another meaning from them
        raise Refused(400, f"six fields of cron are wanted: {fields}")
    if one.experiment_id not in server.experiments or not one.display_name:
        raise Refused(400, "a recurring run has a name and an experiment")
    version = server.newest(one.pipeline_version_reference.pipeline_id)
    check_parameters(one.runtime_config.parameters, checked_pipeline(version.pipeline_spec))
    one.recurring_run_id, one.status = str(uuid.uuid4()), "ENABLED"
    one.created_at = datetime.datetime.now(datetime.UTC)
    server.recurring[one.recurring_run_id] = one
    return one


def _delete_recurring(server: StandIn, asked: Asked) -> dict[str, Any]:
    if server.recurring.pop(asked.names[0], None) is None:
        raise Refused(404, f"recurring run {asked.names[0]} not found")
    for run in server.runs.values():  # what it owns goes with it
        if run.recurring_run_id == asked.names[0] and run.state in ("PENDING", "RUNNING"):
            run.state = "FAILED"
    return {}


def _disable_recurring(server: StandIn, asked: Asked) -> dict[str, Any]:
    if asked.names[0] not in server.recurring:
        raise Refused(404, f"recurring run {asked.names[0]} not found")
    server.recurring[asked.names[0]].mode = "DISABLE"
    return {}


def _create_experiment(server: StandIn, asked: Asked) -> Any:
    one = parse(asked.body, "V2beta1Experiment")
    _check_namespace(server, one.namespace)
    one.experiment_id, one.storage_state = str(uuid.uuid4()), "AVAILABLE"
    server.experiments[one.experiment_id] = one
    return one


def _upload(server: StandIn, asked: Asked) -> Any:
    if set(asked.query) - {"name", "namespace"}:
        raise Refused(400, f"strangers: {asked.query}")
    if any(one.display_name == asked.query["name"] for one in server.pipelines.values()):
        raise Refused(409, f"Already exist error: pipeline {asked.query['name']}")
    one = models.V2beta1Pipeline(
        pipeline_id=str(uuid.uuid4()),
        display_name=asked.query["name"],
        namespace=asked.query.get("namespace"),
    )
    _keep_version(server, one.pipeline_id, asked.query["name"], asked)
    server.pipelines[one.pipeline_id] = one
    return one


def _upload_version(server: StandIn, asked: Asked) -> Any:
    if (
        set(asked.query) != {"name", "pipelineid"}
        or asked.query["pipelineid"] not in server.pipelines
    ):
        raise Refused(400, f"no such pipeline: {asked.query}")
    return _keep_version(server, asked.query["pipelineid"], asked.query["name"], asked)


def _keep_version(server: StandIn, pipeline_id: str, name: str, asked: Asked) -> Any:
    if any(
        (one.pipeline_id, one.display_name) == (pipeline_id, name)
        for one in server.versions.values()
    ):
        raise Refused(409, f"Already exist error: version {name}")
    one = models.V2beta1PipelineVersion(
        pipeline_version_id=str(uuid.uuid4()),
        pipeline_id=pipeline_id,
        display_name=name,
        pipeline_spec=uploaded(asked),
    )
    server.versions[one.pipeline_version_id] = one
    return one


def _check_namespace(server: StandIn, namespace: str | None) -> None:
    if bool(namespace) != server.several_users:
        raise Refused(400, f"Invalid resource reference: namespace {namespace!r}")


def _list(kind: str, kept: str, belongs: str = "") -> Callable[["StandIn", Asked], Any]:
    """Makes a call that lists what is kept, page by page, as its query asks.

    Args:
        kind: what the list is called in the API, as in `runs`.
        kept: what the server calls it.
        belongs: to which id of the path or the query those that are listed belong.
    """
    model = "V2beta1List" + "".join(map(str.capitalize, kind.split("_"))) + "Response"
    about = {"page_token", "page_size", "sort_by", "filter", "namespace", "experiment_id"}

    def act(server: StandIn, asked: Asked) -> Any:
        query = asked.query
        if set(query) - about:
            raise Refused(400, f"strangers in the query: {query}")
        if kind in ("experiments", "pipelines"):
            _check_namespace(server, query.get("namespace"))
        owner = asked.names[0] if asked.names else query.get(belongs)
        found = [
            one
            for one in getattr(server, kept).values()
            if (not belongs or getattr(one, belongs) == owner)
            and all(fits(one, query.get("filter")))
        ]
        if query.get("sort_by") == "created_at desc":
            found.reverse()
        first, size = int(query.get("page_token", 0)), int(query.get("page_size", 10))
        told = {kind: found[first : first + size], "total_size": len(found)}
        if len(found) > first + size:
            told["next_page_token"] = str(first + size)
        return getattr(models, model)(**told)

    return act


def _health(server: StandIn, asked: Asked) -> Any:
    return models.V2beta1GetHealthzResponse(multi_user=server.several_users)


_ROOT = "/apis/v2beta1"
_VERSIONS = ("pipeline_versions", "versions", "pipeline_id")
_ROUTES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("GET", f"{_ROOT}/healthz", _health),
    ("POST", f"{_ROOT}/experiments", _create_experiment),
    ("POST", f"{_ROOT}/runs", _create_run),
    ("POST", f"{_ROOT}/recurringruns", _create_recurring),
    ("DELETE", f"{_ROOT}/recurringruns/([^/]+)", _delete_recurring),
    ("POST", f"{_ROOT}/recurringruns/([^/]+):disable", _disable_recurring),
    ("POST", f"{_ROOT}/pipelines/upload", _upload),
    ("POST", f"{_ROOT}/pipelines/upload_version", _upload_version),
    ("GET", f"{_ROOT}/experiments", _list("experiments", "experiments")),
    ("GET", f"{_ROOT}/pipelines", _list("pipelines", "pipelines")),
    ("GET", f"{_ROOT}/pipelines/([^/]+)/versions", _list(*_VERSIONS)),
    ("GET", f"{_ROOT}/runs", _list("runs", "runs", "experiment_id")),
    ("GET", f"{_ROOT}/recurringruns", _list("recurring_runs", "recurring", "experiment_id")),
)
