"""A config for Kubeflow, and a server of it that is there for one test."""

import pytest

IMAGE = "registry.example/funnelrank@sha256:" + "0" * 64


@pytest.fixture
def config(write_config, tmp_path):
    """Writes the tiny config, with what Kubeflow needs to know."""
    volume = f"volume: {{claim: shop, path: '{tmp_path}'}}"
    block = f"kubeflow: {{image: '{IMAGE}', root: '{tmp_path}/work', {volume}}}"
    return write_config(("window: 2", f"window: 2\n{block}"))


@pytest.fixture
def server(monkeypatch):
    """A server that knows nothing yet, and no setting of this machine for another."""
    from tests.stand_in.kubeflow import StandIn

    for name in ("ENDPOINT", "NAMESPACE", "EXISTING_TOKEN", "COOKIES"):
        monkeypatch.delenv(f"KFP_{name}", raising=False)
    monkeypatch.delenv("KF_PIPELINES_UI_ENDPOINT", raising=False)
    with StandIn() as running:
        yield running
