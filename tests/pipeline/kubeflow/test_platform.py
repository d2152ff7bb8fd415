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


def test_it_is_what_kubeflows_own_package_writes():
    from google.protobuf import json_format
    from kfp import dsl, kubernetes

    @dsl.container_component
    def step():
        return dsl.ContainerSpec(image="a")

    @dsl.pipeline(name="p")
    def pipeline():
        task = step()
        kubernetes.mount_pvc(task, pvc_name="funnelrank", mount_path="/mnt/funnelrank")
        kubernetes.mount_pvc(task, pvc_name="logs", mount_path="/mnt/logs")
        kubernetes.use_secret_as_env(
            task, secret_name="reader", secret_key_to_env={"secret": "AWS_SECRET_ACCESS_KEY"}
        )
        kubernetes.add_node_selector(task, label_key="cloud.example/gpu", label_value="h200")
        kubernetes.add_toleration(task, key="nvidia.com/gpu", operator="Exists")
        kubernetes.add_toleration(
            task, key="team", operator="Equal", value="ads", effect="NoSchedule"
        )

    theirs = json_format.MessageToDict(pipeline.platform_spec)["platforms"]["kubernetes"]
    ours = spec(
        mounts=[{"claim": "logs", "path": "/mnt/logs"}],
        environment={"AWS_SECRET_ACCESS_KEY": {"secret": "reader", "key": "secret"}},
        resources={"Trainer": GPU},
    )
    assert theirs["deploymentSpec"]["executors"]["exec-step"] == ours["Trainer_executor"]
