from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from kfp import dsl
from kfp.compiler import compiler_utils
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.kubeflow.container import set_container
from schemas.kubeflow import Resources
from schemas.quantity import cores, gigabytes

Container = pb.PipelineDeploymentConfig.PipelineContainerSpec


@dsl.container_component
def trained():
    return dsl.ContainerSpec(image="i", command=["c"])


def by_kfp():
    """The spec that kfp's own compiler writes for the same wishes."""

    @dsl.pipeline(name="oracle")
    def pipeline():
        task = trained()
        task.set_cpu_request("500m").set_cpu_limit("8")
        task.set_memory_request("29Gi").set_memory_limit("32G")
        task.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(2)

    spec = pb.PipelineDeploymentConfig()
    json_format.ParseDict(json_format.MessageToDict(pipeline.pipeline_spec.deployment_spec), spec)
    return spec.executors["exec-trained"].container


def test_resources_are_what_kfps_own_compiler_makes_of_them():
    found = Container(image="i", command=["c"])
    said = {
        "cpu": {"request": "500m", "limit": 8},
        "memory": {"request": "29Gi", "limit": "32G"},
        "accelerator": {"type": "nvidia.com/gpu", "count": 2},
    }
    set_container(found, Resources.model_validate(said))
    assert found == by_kfp()


def test_nothing_said_is_nothing_written():
    found = Container(image="i")
    set_container(found, Resources())
    assert found == Container(image="i")


def test_a_component_may_have_an_image_of_its_own():
    image = "registry.example/gpu@sha256:" + "1" * 64
    found = Container(image="i")
    set_container(found, Resources(image=image))
    assert found == Container(image=image)


UNITS = ["", *(unit + i for unit in "KMGTPE" for i in ("", "i"))]


@given(st.integers(1, 10**4), st.sampled_from(UNITS))
def test_memory_is_the_number_that_kfp_makes_of_it(number, unit):
    expected = compiler_utils._memory_to_float(f"{number}{unit}")
    assert abs(gigabytes(f"{number}{unit}") - expected) <= 1e-12 * expected


@given(st.one_of(st.integers(1, 10**4).map(lambda n: f"{n}m"), st.decimals(0, 99, places=2)))
def test_cores_are_the_number_that_kfp_makes_of_them(given):
    assert cores(str(given)) == compiler_utils._cpu_to_float(str(given))
