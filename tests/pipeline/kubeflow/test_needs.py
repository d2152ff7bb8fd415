import importlib.util

import pytest

from pipeline.config_file import load_config
from pipeline.errors import Misuse
from pipeline.kubeflow.needs import kubeflow_of


def test_what_the_config_says_is_returned(config):
    found = kubeflow_of(config())
    assert found.volume.claim == "funnelrank"


def test_a_config_without_kubeflow_is_shown_one(write_config):
    with pytest.raises(Misuse) as misuse:
        kubeflow_of(load_config(write_config()))
    assert str(misuse.value) == (
        "this config has no `kubeflow`: say what it runs with, as in `kubeflow: {image: "
        "registry.example/funnelrank@sha256:<64 hex digits>, root: /mnt/funnelrank/tiny, volume: "
        "{claim: funnelrank, path: /mnt/funnelrank}}`"
    )


def test_logs_that_no_container_sees_are_refused(config, tmp_path):
    with pytest.raises(Misuse) as misuse:
        kubeflow_of(config("logs.root=runs/logs"))
    assert str(misuse.value) == (
        f"logs.root: every step must see the logs: they lie under a mounted claim ({tmp_path}; "
        "kubeflow.mounts adds one) or in a bucket, as in gs://bucket/logs. Received: 'runs/logs'"
    )


@pytest.mark.parametrize("root", ["gs://bucket/logs", "/mnt/logs/shop"])
def test_logs_may_lie_in_a_bucket_or_on_another_claim(root, config):
    mounts = "kubeflow.mounts=[{claim: logs, path: /mnt/logs}]"
    assert kubeflow_of(config(f"logs.root={root}", mounts)).sees(root)


def test_a_machine_without_kfp_is_told_what_to_install(config, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Misuse, match="install funnelrank with its extra `kubeflow`"):
        kubeflow_of(config())
