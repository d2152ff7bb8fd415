"""Flink for Beam: each manifest is what its API knows, and they fit together and the config."""

import importlib.metadata
import json
import re
from types import SimpleNamespace

import kubernetes.client
import pydantic
import pytest
import yaml
from apache_beam.options.pipeline_options import FlinkRunnerOptions
from apache_beam.runners.portability import local_job_service_main
from apache_beam.runners.worker import worker_pool_main

from schemas.beam import Beam, FlinkBeam, Image

MODELS = {
    "Deployment": "V1Deployment",
    "Service": "V1Service",
    "NetworkPolicy": "V1NetworkPolicy",
}


@pytest.fixture(scope="module")
def beam(deploy) -> dict:
    """By kind and name, the manifests that `deploy/beam/kustomization.yaml` names."""
    listed = yaml.safe_load((deploy / "beam" / "kustomization.yaml").read_text())["resources"]
    assert {*listed, "kustomization.yaml"} == {file.name for file in (deploy / "beam").iterdir()}
    found = [
        manifest
        for name in listed
        for manifest in yaml.safe_load_all((deploy / "beam" / name).read_text())
    ]
    return {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in found}


@pytest.fixture(scope="module")
def flink(beam) -> dict:
    return beam["FlinkDeployment", "flink"]["spec"]


@pytest.fixture(scope="module")
def pool(flink) -> dict:
    (main, pool) = flink["taskManager"]["podTemplate"]["spec"]["containers"]
    assert main == {"name": "flink-main-container"}
    return pool


@pytest.fixture(scope="module")
def server(beam) -> dict:
    pod = beam["Deployment", "flink-job-server"]["spec"]["template"]["spec"]
    return pod["containers"][0]


def through_the_client(manifest: dict, kind: str) -> dict:
    """The manifest as the client of Kubernetes would send it: it drops what its API lacks."""
    client = kubernetes.client.ApiClient()
    read = client.deserialize(SimpleNamespace(data=json.dumps(manifest)), kind)
    return client.sanitize_for_serialization(read)


def test_a_manifest_is_one_of_its_api(beam, flink):
    plain = {key: manifest for key, manifest in beam.items() if key[0] in MODELS}
    assert set(beam) - set(plain) == {("FlinkDeployment", "flink")}
    for (kind, _), manifest in plain.items():
        assert through_the_client(manifest, MODELS[kind]) == manifest
    template = flink["taskManager"]["podTemplate"]
    assert through_the_client(template, "V1Pod") == template


def test_the_cluster_has_the_keys_that_the_operator_knows(flink):
    assert set(flink) == {
        *("image", "flinkVersion", "serviceAccount", "flinkConfiguration"),
        *("jobManager", "taskManager"),
    }
    for manager in ("jobManager", "taskManager"):
        assert set(flink[manager]["resource"]) == {"cpu", "memory"}


def test_flink_its_job_server_and_beam_are_of_versions_that_fit(flink, server):
    version = flink["image"].removeprefix("flink:")
    assert version in FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS
    assert flink["flinkVersion"] == f"v{version.replace('.', '_')}"
    beam = importlib.metadata.version("apache-beam")
    assert server["image"] == f"apache/beam_flink{version}_job_server:{beam}"


def test_a_worker_pool_beside_each_task_manager_is_where_the_config_says(pool, monkeypatch):
    image = pydantic.TypeAdapter(Image).validate_python(pool["image"])
    assert image.startswith("registry.example/funnelrank@")
    assert pool["command"] == ["python", "-m", worker_pool_main.__name__]
    started = {}

    class Started(Exception):
        pass

    def start(**asked):
        started.update(asked)
        raise Started

    servicer = worker_pool_main.BeamFnExternalWorkerPoolServicer
    monkeypatch.setattr(servicer, "start", start)
    with pytest.raises(Started):
        worker_pool_main.main(pool["args"])
    [port] = pool["ports"]
    assert (started["port"], started["use_process"]) == (port["containerPort"], True)
    assert started["port"] == 50000


def test_the_page_says_the_addresses_that_the_manifests_have(deploy, beam, pool):
    page = (deploy.parent / "docs" / "beam.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    said = [
        pydantic.TypeAdapter(Beam).validate_python(block["beam"])
        for block in blocks
        if "beam" in block
    ]
    assert {block.runner for block in said} == {"local", "portable", "flink", "spark", "dataflow"}
    [chosen] = [block for block in said if isinstance(block, FlinkBeam)]
    service = beam["Service", "flink-job-server"]
    port = {each["name"]: each["port"] for each in service["spec"]["ports"]}["jobs"]
    assert chosen.job_endpoint == f"{service['metadata']['name']}:{port}"
    assert chosen.worker_pool == f"localhost:{pool['ports'][0]['containerPort']}"


def test_the_commands_of_the_page_are_those_that_the_test_cluster_runs(deploy):
    page = (deploy.parent / "docs" / "beam.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python -m (\S+) (--\w+)[ =](\d+)$", page, re.MULTILINE)
    assert [(module, option) for module, option, _ in commands] == [
        (local_job_service_main.__name__, "--port"),
        (worker_pool_main.__name__, "--service_port"),
    ]
    cluster = (deploy.parent / "benchmarks" / "engines" / "cluster.py").read_text()
    assert all(module in cluster and option in cluster for module, option, _ in commands)
    ports = re.search(r'job_endpoint: "localhost:(\d+)", worker_pool: "localhost:(\d+)"', page)
    assert ports and list(ports.groups()) == [port for _, _, port in commands]


def test_the_job_server_is_told_its_own_name_and_flinks(beam, server):
    options = dict(arg.removeprefix("--").split("=") for arg in server["args"])
    assert options["job-host"] == "flink-job-server"
    # The operator calls a cluster's REST service so.
    assert options["flink-master"] == "flink-rest:8081"
    ports = {port["name"]: port["containerPort"] for port in server["ports"]}
    assert ports == {"jobs": int(options["job-port"]), "artifacts": int(options["artifact-port"])}
    for port in beam["Service", "flink-job-server"]["spec"]["ports"]:
        assert (port["name"], port["port"]) == (port["targetPort"], ports[port["name"]])
    assert options["artifacts-dir"].startswith(server["volumeMounts"][0]["mountPath"])


def test_only_who_has_business_there_reaches_what_runs_code(beam, server):
    [rule] = beam["NetworkPolicy", "flink-job-server"]["spec"]["ingress"]
    assert {port["port"] for port in rule["ports"]} == {
        port["containerPort"] for port in server["ports"]
    }
    deployment = beam["Deployment", "flink-job-server"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels
    assert beam["Service", "flink-job-server"]["spec"]["selector"] == labels
    selected = beam["NetworkPolicy", "flink-job-server"]["spec"]["podSelector"]
    assert selected["matchLabels"] == labels
    assert "flink-taskmanagers" in {name for kind, name in beam if kind == "NetworkPolicy"}


def test_workers_write_as_the_steps_do_onto_the_same_volume(flink, pool, deploy):
    dockerfile = (deploy.parent / "Dockerfile").read_text(encoding="utf-8")
    assert f"USER {pool['securityContext']['runAsUser']}:" in dockerfile
    pod = flink["taskManager"]["podTemplate"]["spec"]
    [volume] = pod["volumes"]
    assert volume["persistentVolumeClaim"]["claimName"] == "funnelrank"
    [mount] = pool["volumeMounts"]
    assert (mount["name"], mount["mountPath"]) == (volume["name"], "/mnt/funnelrank")
