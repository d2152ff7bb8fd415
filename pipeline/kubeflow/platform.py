"""What a compiled pipeline asks of Kubernetes itself: volumes, secrets, nodes.

The second document of the file; Kubeflow's own Python package writes the same from
`kfp.kubernetes`, of which nothing else is needed here.
"""

from collections.abc import Iterable
from typing import Any

from schemas.kubeflow import Claim, KubeflowConfig, Resources


def platform_spec(kubeflow: KubeflowConfig, executors: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Returns the platform spec, ready to be written as YAML.

    Args:
        kubeflow: what the config says.
        executors: the component of each executor, and the executor's label.
    """
    found = {label: _executor(kubeflow, kubeflow.of(component)) for component, label in executors}
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": found}}}}


def _executor(kubeflow: KubeflowConfig, resources: Resources) -> dict[str, Any]:
    """Returns a KubernetesExecutorConfig."""
    found: dict[str, Any] = {
        "pvcMount": [_mount(claim) for claim in (kubeflow.volume, *kubeflow.mounts)]
    }
    if kubeflow.environment:
        found["secretAsEnv"] = [
            {
                "secretName": key.secret,
                "secretNameParameter": _constant(key.secret),
                "keyToEnv": [{"secretKey": key.key, "envVar": variable}],
                "optional": False,
            }
            for variable, key in kubeflow.environment.items()
        ]
    if resources.node_selector:
        found["nodeSelector"] = {"labels": dict(resources.node_selector)}
    if resources.tolerations:
        found["tolerations"] = [
            toleration.model_dump(exclude_none=True) for toleration in resources.tolerations
        ]
    return found


def _mount(claim: Claim) -> dict[str, Any]:
    return {
        "constant": claim.claim,  # for Kubeflow before 2.5
        "pvcNameParameter": _constant(claim.claim),
        "mountPath": claim.path,
    }


def _constant(text: str) -> dict[str, Any]:
    return {"runtimeValue": {"constant": text}}
