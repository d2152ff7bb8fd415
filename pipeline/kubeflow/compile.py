"""The graph as a file that open-source Kubeflow runs."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pb
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)
from tfx.orchestration.pipeline import Pipeline

from pipeline.asked import Asked
from pipeline.config import PipelineConfig
from pipeline.errors import Misuse
from pipeline.kubeflow.container import set_container
from pipeline.kubeflow.needs import kubeflow_of
from pipeline.kubeflow.packing import pack
from pipeline.kubeflow.platform import platform_spec
from pipeline.kubeflow.task import set_task
from pipeline.pipeline import create_pipeline
from pipeline.tuning_pipeline import create_tuning_pipeline
from pipeline.work_dir import WorkDir
from schemas.kubeflow import DEFAULT, TRAINING, KubeflowConfig

# What a run may be told, and what that means.
PARAMETERS = {
    "span": "The newest date to read, as in 2026-01-31; the newest of the logs if empty.",
    "window": "How many spans to read.",
    "as_of": "Use only what had happened by then, in ISO 8601; now if empty.",
}
# Linux hands a process no argument above 128 KiB, and the launcher quotes this one.
_MOST_BYTES = 100_000
# Not in every graph.
_OPTIONAL = ("StartingModel", *TRAINING)


def compile_run(config: PipelineConfig) -> str:
    """Returns the YAML of the graph of a run; same config, same text.

    Raises:
        Misuse: if the config does not say what Kubeflow needs, or says what cannot be.
    """
    kubeflow = kubeflow_of(config)
    graph = create_pipeline(config, _asked(config), _work(kubeflow))
    _check_names(kubeflow, graph)
    return _compiled(config, kubeflow, graph)


def compile_search(config: PipelineConfig, trials: int, seed: int) -> str:
    """Returns the YAML of the graph of a search, a pipeline of its own: <name>-tune.

    Args:
        config: with `tuning`.
        trials: how many in all.
        seed: same seed, same trials.

    Raises:
        Misuse: if the config does not say what Kubeflow needs, or says what cannot be.
    """
    kubeflow = kubeflow_of(config)
    asked, work = _asked(config), _work(kubeflow)
    _check_names(kubeflow, create_pipeline(config, asked, work))
    graph = create_tuning_pipeline(config, asked, work, trials, seed)
    return _compiled(config, kubeflow, graph, suffix="-tune")


def _asked(config: PipelineConfig) -> Asked:
    return Asked(
        span=RuntimeParameter("span", str, default=""),
        window=RuntimeParameter("window", int, default=config.window),
        as_of=RuntimeParameter("as_of", str, default=""),
    )


def _work(kubeflow: KubeflowConfig) -> WorkDir:
    return WorkDir(Path(kubeflow.root))


def _compiled(
    config: PipelineConfig, kubeflow: KubeflowConfig, graph: Pipeline, suffix: str = ""
) -> str:
    names = [node.id for node in graph.components]
    spec = _by_tfx(graph, kubeflow)
    spec.pipeline_info.name += suffix
    deployment = json_format.ParseDict(
        json_format.MessageToDict(spec.deployment_spec), pb.PipelineDeploymentConfig()
    )
    labels = {name: spec.components[name].executor_label for name in names}
    for name in names:
        set_task(name, spec.root.dag.tasks[name], kubeflow.of(name), config)
        set_container(deployment.executors[labels[name]].container, kubeflow.of(name))
        _pack(name, spec.root.dag.tasks[name])
    spec.deployment_spec.Clear()
    spec.deployment_spec.update(json_format.MessageToDict(deployment))
    _set_parameters(spec.root.input_definitions.parameters, config)
    documents = [json_format.MessageToDict(spec), platform_spec(kubeflow, labels.items())]
    return yaml.safe_dump_all(documents, sort_keys=True, allow_unicode=True, width=100)


def _by_tfx(graph: Pipeline, kubeflow: KubeflowConfig) -> pb.PipelineSpec:
    """Returns what TFX makes of a graph."""
    artifacts = str(_work(kubeflow).artifacts)
    runner = KubeflowV2DagRunner(
        KubeflowV2DagRunnerConfig(
            default_image=kubeflow.image,
            default_commands=["python", "-m", "pipeline.kubeflow.step", "--artifacts", artifacts],
            use_pipeline_spec_2_1=True,  # open-source Kubeflow takes no other
        )
    )
    job = runner.run(graph, write_out=False)
    return json_format.ParseDict(job["pipelineSpec"], pb.PipelineSpec())


def _set_parameters(
    parameters: Mapping[str, pb.ComponentInputsSpec.ParameterSpec], config: PipelineConfig
) -> None:
    """Gives each runtime parameter the default that TFX leaves out."""
    defaults: dict[str, Any] = {"span": "", "window": config.window, "as_of": ""}
    for name, description in PARAMETERS.items():
        json_format.ParseDict(defaults[name], parameters[name].default_value)
        parameters[name].is_optional = True
        parameters[name].description = description


def _check_names(kubeflow: KubeflowConfig, run: Pipeline) -> None:
    """Checks that resources are said of components that there are, in this graph or another."""
    known = dict.fromkeys((DEFAULT, *(node.id for node in run.components), *_OPTIONAL))
    for name in kubeflow.resources:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
            raise Misuse(f"kubeflow.resources: there is no component {name!r}: {hint}")


def _pack(name: str, task: pb.PipelineTaskSpec) -> None:
    """Makes long parameters short, and checks that all of them are not too long together."""
    for parameter in task.inputs.parameters.values():
        constant = parameter.runtime_value.constant
        if constant.WhichOneof("kind") == "string_value":
            constant.string_value = pack(constant.string_value)
    size = len(json_format.MessageToJson(task.inputs).encode())
    if size > _MOST_BYTES:
        raise Misuse(
            f"{name} is told {size:,} bytes, and Kubeflow hands a step at most {_MOST_BYTES:,} in "
            "one argument: shorten what the config lists (features, slices, gates, the schema)"
        )
