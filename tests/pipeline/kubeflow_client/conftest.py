"""A Kubeflow Pipelines server that is there for one test, and a small compiled pipeline."""

import datetime

import kfp
import pytest

from pipeline.kubeflow_client.connection import connect
from tests.stand_in.kubeflow import StandIn

NOW = datetime.datetime(2026, 2, 1, 12, 30, 15, tzinfo=datetime.UTC)
COMPILED = """\
pipelineInfo: {name: demo}
schemaVersion: 2.1.0
sdkVersion: tfx-1.21.0
deploymentSpec: {executors: {}}
root:
  dag: {tasks: {}}
  inputDefinitions:
    parameters:
      as_of: {parameterType: STRING, isOptional: true, defaultValue: ""}
      span: {parameterType: STRING, isOptional: true, defaultValue: ""}
      window: {parameterType: NUMBER_INTEGER, isOptional: true, defaultValue: 7}
---
platforms: {kubernetes: {deploymentSpec: {executors: {}}}}
"""


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(kfp.Client, "_LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    for name in ("KFP_EXISTING_TOKEN", "KFP_COOKIES", "KF_PIPELINES_UI_ENDPOINT", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server():
    with StandIn() as running:
        yield running


@pytest.fixture
def connection(server):
    return connect(server.host, None)


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def compiled():
    return COMPILED
