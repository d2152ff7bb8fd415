import pydantic
import pytest

from schemas.kubeflow import (
    Accelerator,
    Claim,
    KubeflowConfig,
    Resources,
    SecretKey,
    Toleration,
)
from schemas.quantity import Cpu, Memory

DIGEST = "0123456789abcdef" * 4
IMAGE = f"registry.example/funnelrank@sha256:{DIGEST}"


def kubeflow(**changes: object) -> KubeflowConfig:
    return KubeflowConfig.model_validate(
        {
            "image": IMAGE,
            "root": "/mnt/funnelrank/demo",
            "volume": {"claim": "funnelrank", "path": "/mnt/funnelrank"},
            **changes,
        }
    )


def refused(model: type[pydantic.BaseModel], given: object) -> str:
    with pytest.raises(pydantic.ValidationError) as refusal:
        model.model_validate(given)
    return str(refusal.value)


@pytest.mark.parametrize("image", ["funnelrank", "funnelrank:1.0", f"funnelrank@{DIGEST}"])
def test_an_image_without_a_digest_is_refused(image):
    said = refused(KubeflowConfig, kubeflow().model_dump() | {"image": image})
    assert "an image is named by its digest" in said
    assert repr(image) in said


@pytest.mark.parametrize("root", ["/mnt/other/demo", "/mnt/funnelrank2", "/"])
def test_a_root_outside_the_volume_is_refused(root):
    said = refused(KubeflowConfig, kubeflow().model_dump() | {"root": root})
    assert "must be a folder on the volume, which lies at /mnt/funnelrank" in said
    assert f"Received: {root}" in said


@pytest.mark.parametrize("path", ["mnt/funnelrank", "", "/mnt/../etc"])
def test_a_folder_of_the_containers_is_absolute_and_goes_nowhere_else(path):
    assert "is an absolute path" in refused(Claim, {"claim": "c", "path": path})


@pytest.mark.parametrize("claim", ["My_Claim", "-c", "c-", ""])
def test_a_claim_has_a_name_that_kubernetes_takes(claim):
    assert "the name of a claim has lower case letters" in refused(
        Claim, {"claim": claim, "path": "/mnt"}
    )


@pytest.mark.parametrize("name", ["Transform", "default", "AtomicPusher"])
def test_an_accelerator_is_for_what_trains(name):
    given = {name: {"accelerator": {"type": "nvidia.com/gpu"}}}
    said = refused(KubeflowConfig, kubeflow().model_dump() | {"resources": given})
    assert f"{name} cannot use an accelerator: only Trainer and Tuner train" in said


def test_an_accelerator_is_one_device_by_default():
    found = kubeflow(resources={"Tuner": {"accelerator": {"type": "nvidia.com/gpu"}}})
    assert found.of("Tuner").accelerator == Accelerator(type="nvidia.com/gpu", count=1)


def test_a_component_has_its_own_and_else_the_defaults():
    found = kubeflow(
        resources={
            "default": {"cpu": 1, "memory": "8G", "retries": 5},
            "Trainer": {"cpu": {"request": 4}, "retries": 0, "tolerations": [{"key": "gpu"}]},
        }
    )
    assert found.of("Trainer") == Resources(
        cpu=Cpu(request="4"),
        memory=Memory(request="8G", limit="8G"),
        retries=0,
        tolerations=(Toleration(key="gpu", operator="Exists"),),
    )
    assert found.of("Transform") == Resources(
        cpu=Cpu(request="1", limit="1"), memory=Memory(request="8G", limit="8G"), retries=5
    )


def test_nothing_said_is_nothing_demanded():
    assert kubeflow().of("Trainer") == Resources()


def test_steps_see_what_lies_on_a_claim_or_far_away():
    found = kubeflow(mounts=[{"claim": "logs", "path": "/mnt/logs"}])
    assert found.sees("/mnt/logs/shop")
    assert found.sees("/mnt/funnelrank")
    assert found.sees("gs://bucket/logs")
    assert not found.sees("/mnt/logs2")
    assert not found.sees("runs/demo/logs")


def test_a_secret_is_named_and_never_said():
    found = kubeflow(environment={"KEY": {"secret": "logs", "key": "password"}})
    assert found.environment == {"KEY": SecretKey(secret="logs", key="password")}
    said = refused(KubeflowConfig, kubeflow().model_dump() | {"environment": {"KEY": "hunter2"}})
    assert "environment.KEY" in said


def test_an_unknown_key_names_the_nearest():
    given = {"Trainer": {"memmory": "8G"}}
    said = refused(KubeflowConfig, kubeflow().model_dump() | {"resources": given})
    assert "unknown key 'memmory': did you mean 'memory'?" in said
