"""What a step's container may use, in Kubeflow's terms."""

from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from schemas.kubeflow import Resources
from schemas.quantity import cores, gigabytes


def set_container(
    container: pb.PipelineDeploymentConfig.PipelineContainerSpec, resources: Resources
) -> None:
    """Writes resources into a container's spec.

    Each twice, as kfp's compiler does: as text, and as the number that older servers read.
    """
    if resources.image:
        container.image = resources.image
    spec = container.resources
    if cpu := resources.cpu:
        if cpu.request:
            spec.resource_cpu_request, spec.cpu_request = cpu.request, cores(cpu.request)
        if cpu.limit:
            spec.resource_cpu_limit, spec.cpu_limit = cpu.limit, cores(cpu.limit)
    if memory := resources.memory:
        if memory.request:
            spec.resource_memory_request = memory.request
            spec.memory_request = gigabytes(memory.request)
        if memory.limit:
            spec.resource_memory_limit = memory.limit
            spec.memory_limit = gigabytes(memory.limit)
    if devices := resources.accelerator:
        spec.accelerator.resource_type = spec.accelerator.type = devices.type
        spec.accelerator.resource_count = str(devices.count)
        spec.accelerator.count = devices.count
