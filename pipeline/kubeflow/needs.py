"""What a config must say before it can be compiled for Kubeflow; found without TFX."""

import importlib.util

from pipeline.config import PipelineConfig
from pipeline.errors import Misuse
from schemas.kubeflow import KubeflowConfig


def kubeflow_of(config: PipelineConfig) -> KubeflowConfig:
    """Returns what a config says of Kubeflow.

    Raises:
        Misuse: if it says nothing, if its steps would not see the logs, or if the packages that
            compile are not installed.
    """
    if config.kubeflow is None:
        raise Misuse(
            "this config has no `kubeflow`: say what it runs with, as in `kubeflow: {image: "
            "registry.example/funnelrank@sha256:<64 hex digits>, root: /mnt/funnelrank/"
            f"{config.name}, volume: {{claim: funnelrank, path: /mnt/funnelrank}}}}`"
        )
    root = config.logs.root
    if not config.kubeflow.sees(root):
        places = [claim.path for claim in (config.kubeflow.volume, *config.kubeflow.mounts)]
        raise Misuse(
            "logs.root: every step must see the logs: they lie under a mounted claim "
            f"({', '.join(places)}; kubeflow.mounts adds one) or in a bucket, as in gs://bucket/"
            f"logs. Received: {root!r}"
        )
    if importlib.util.find_spec("kfp") is None:
        raise Misuse(
            "Kubeflow's compiler is not installed: install funnelrank with its extra `kubeflow`"
        )
    return config.kubeflow
