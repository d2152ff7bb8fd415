from pipeline.kubeflow.platform import platform_spec
from schemas.kubeflow import KubeflowConfig

GPU = {
    "node_selector": {"cloud.example/gpu": "h200"},
    "tolerations": [
        {"key": "nvidia.com/gpu"},
        {"key": "team", "operator": "Equal", "value": "ads", "effect": "NoSchedule"},
    ],
}


def spec(**changes: object):
    kubeflow = KubeflowConfig.model_validate(
        {
            "image": "registry.example/funnelrank@sha256:" + "0" * 64,
            "root": "/mnt/funnelrank/demo",
            "volume": {"claim": "funnelrank", "path": "/mnt/funnelrank"},
            **changes,
        }
    )
    found = platform_spec(
        kubeflow, {"Trainer": "Trainer_executor", "LogGate": "LogGate_executor"}.items()
    )
    return found["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def mount(claim: str, path: str):
    name = {"runtimeValue": {"constant": claim}}
    return {"constant": claim, "pvcNameParameter": name, "mountPath": path}


def test_every_step_mounts_every_claim():
    found = spec(mounts=[{"claim": "logs", "path": "/mnt/logs"}])
    both = [mount("funnelrank", "/mnt/funnelrank"), mount("logs", "/mnt/logs")]
    assert found == {
        "Trainer_executor": {"pvcMount": both},
        "LogGate_executor": {"pvcMount": both},
    }


def test_a_step_goes_where_its_nodes_are():
    found = spec(resources={"Trainer": GPU})
    volume = [mount("funnelrank", "/mnt/funnelrank")]
    assert found["Trainer_executor"] == {
        "pvcMount": volume,
        "nodeSelector": {"labels": {"cloud.example/gpu": "h200"}},
        "tolerations": [
            {"key": "nvidia.com/gpu", "operator": "Exists"},
            {"key": "team", "operator": "Equal", "value": "ads", "effect": "NoSchedule"},
        ],
    }
    assert found["LogGate_executor"] == {"pvcMount": volume}


def test_a_secret_reaches_the_environment_by_its_name_alone():
    found = spec(environment={"AWS_SECRET_ACCESS_KEY": {"secret": "logs", "key": "secret"}})
    assert found["LogGate_executor"]["secretAsEnv"] == [
        {
            "secretName": "logs",
            "secretNameParameter": {"runtimeValue": {"constant": "logs"}},
            "keyToEnv": [{"secretKey": "secret", "envVar": "AWS_SECRET_ACCESS_KEY"}],
            "optional": False,
        }
    ]
