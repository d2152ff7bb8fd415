import hashlib

import kfp.components
import pytest
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.asked import Asked
from pipeline.config_file import load_config
from pipeline.errors import Misuse
from pipeline.kubeflow.compile import compile_run, compile_search
from pipeline.kubeflow.packing import unpack
from pipeline.pipeline import create_pipeline
from pipeline.work_dir import WorkDir

GPU = "registry.example/gpu@sha256:" + "1" * 64
SEARCH = (
    "split={by: hash, key: user, eval: 10%, validation: 10%}",
    "tuning={metric: ctr.auc, space: {training.learning_rate: {float: [1e-4, 1e-2], log: true}}}",
)


def parsed(text: str) -> tuple[pb.PipelineSpec, pb.PlatformSpec]:
    spec, platform = yaml.safe_load_all(text)
    return (
        json_format.ParseDict(spec, pb.PipelineSpec()),
        json_format.ParseDict(platform, pb.PlatformSpec()),
    )


def executors(spec: pb.PipelineSpec) -> dict[str, pb.PipelineDeploymentConfig.ExecutorSpec]:
    deployment = json_format.ParseDict(
        json_format.MessageToDict(spec.deployment_spec), pb.PipelineDeploymentConfig()
    )
    return dict(deployment.executors)


def test_kfps_own_loader_takes_the_file_with_its_parameters(config, tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(compile_run(config()))
    found = kfp.components.load_component_from_file(str(path))
    assert found.name == "tiny"
    inputs = {
        name: (given.type, given.default, given.optional)
        for name, given in found.component_spec.inputs.items()
    }
    assert inputs == {
        "span": ("String", "", True),
        "window": ("Integer", 2, True),
        "as_of": ("String", "", True),
    }
    assert found.platform_spec.platforms["kubernetes"].deployment_spec.executors.keys() == {
        executor for executor in executors(found.pipeline_spec)
    }


def test_the_graph_is_that_of_a_local_run(config, tmp_path):
    spec, _ = parsed(compile_run(config()))
    assert spec.schema_version == "2.1.0"
    asked = Asked("2026-01-02", 2, "2026-01-03T02:00Z")
    local = create_pipeline(config(), asked, WorkDir(tmp_path / "volume" / "tiny"))
    edges = {node.id: {other.id for other in node.upstream_nodes} for node in local.components}
    tasks = spec.root.dag.tasks
    assert {name: set(tasks[name].dependent_tasks) for name in tasks} == edges


def test_nothing_is_in_it_that_open_source_kubeflow_does_not_run(config):
    spec, _ = parsed(compile_run(config()))
    for executor in executors(spec).values():
        assert executor.WhichOneof("spec") == "container"  # neither a resolver nor an importer
        assert not executor.container.HasField("lifecycle")  # a driver


def test_every_step_runs_our_entry_in_the_image(config, tmp_path):
    own = "kubeflow.resources={Trainer: {image: " + GPU + "}}"
    spec, _ = parsed(compile_run(config(own)))
    for label, executor in executors(spec).items():
        assert list(executor.container.command) == [
            *("python", "-m", "pipeline.kubeflow.step"),
            *("--artifacts", f"{tmp_path}/volume/tiny/artifacts"),
        ]
        assert (executor.container.image == GPU) == (label == "Trainer_executor")
        assert "@sha256:" in executor.container.image


def test_the_join_is_told_its_span_when_it_runs(config):
    spec, _ = parsed(compile_run(config()))
    given = spec.root.dag.tasks["LogExampleGen"].inputs.parameters
    assert {
        name: given[name].component_input_parameter for name in ("span", "window", "as_of")
    } == {
        "span": "span",
        "window": "window",
        "as_of": "as_of",
    }


def test_what_a_step_writes_outside_its_artifacts_lies_under_root(config, tmp_path):
    spec, _ = parsed(compile_run(config("training.warm_start=true")))
    tasks, root = spec.root.dag.tasks, f"{tmp_path}/volume/tiny"

    def told(name, key):
        return tasks[name].inputs.parameters[key].runtime_value.constant.string_value

    assert told("BaselineModel", "serving_dir") == f"{root}/serving"
    assert told("StartingModel", "serving_dir") == f"{root}/serving"
    assert told("RunReport", "reports") == f"{root}/reports"
    assert f'"base_directory": "{root}/serving"' in told("AtomicPusher", "push_destination")
    assert f'"checkpoints": "{root}/checkpoints"' in told("Trainer", "custom_config")


def test_each_component_gets_what_the_config_says(config):
    said = (
        "kubeflow.resources={default: {memory: 8G}, Trainer: {memory: 32G, retries: 4, "
        "caching: false, accelerator: {type: nvidia.com/gpu, count: 2}, node_selector: {gpu: a}}}"
    )
    spec, platform = parsed(compile_run(config(said)))
    found = executors(spec)
    assert found["Trainer_executor"].container.resources.resource_memory_limit == "32G"
    assert found["Trainer_executor"].container.resources.accelerator.count == 2
    assert found["Transform_executor"].container.resources.resource_memory_limit == "8G"
    trainer = spec.root.dag.tasks["Trainer"]
    assert trainer.retry_policy.max_retry_count == 4
    assert not trainer.caching_options.enable_cache
    assert spec.root.dag.tasks["Transform"].caching_options.enable_cache
    steps = platform.platforms["kubernetes"].deployment_spec.executors
    assert steps["Trainer_executor"]["nodeSelector"]["labels"]["gpu"] == "a"
    assert "nodeSelector" not in steps["Transform_executor"]


def test_the_same_config_gives_the_same_text(config):
    assert compile_run(config()) == compile_run(config())


def test_a_search_is_a_pipeline_of_its_own(config, tmp_path):
    device = (
        "kubeflow.resources={Tuner: {accelerator: {type: nvidia.com/gpu}}, Evaluator: {cpu: 1}}"
    )
    text = compile_search(config(*SEARCH, device), trials=7, seed=3)
    (tmp_path / "search.yaml").write_text(text)
    assert (
        kfp.components.load_component_from_file(str(tmp_path / "search.yaml")).name == "tiny-tune"
    )
    spec, _ = parsed(text)
    assert "Trainer" not in spec.root.dag.tasks
    assert not spec.root.dag.tasks["Tuner"].caching_options.enable_cache
    accelerator = executors(spec)["Tuner_executor"].container.resources.accelerator
    assert (accelerator.resource_type, accelerator.count) == ("nvidia.com/gpu", 1)
    given = spec.root.dag.tasks["Tuner"].inputs.parameters["custom_config"]
    custom = yaml.safe_load(given.runtime_value.constant.string_value)
    assert (custom["trials"], custom["seed"]) == (7, 3)
    assert custom["folder"] == f"{tmp_path}/volume/tiny/tuning"


@pytest.mark.parametrize("name", ["StartingModel", "Tuner"])
def test_resources_may_be_said_of_what_only_other_graphs_have(name, config):
    said = f"kubeflow.resources={{{name}: {{cpu: 1}}}}"
    assert name not in parsed(compile_run(config(said)))[0].root.dag.tasks


def test_an_unknown_component_names_the_nearest(config):
    with pytest.raises(Misuse, match="no component 'Transfrom': did you mean 'Transform'"):
        compile_run(config("kubeflow.resources={Transfrom: {cpu: 1}}"))
    with pytest.raises(Misuse, match="no component 'xyz': known are default, ExamplesSchema, "):
        compile_run(config("kubeflow.resources={xyz: {cpu: 1}}"))


def wide(path, features):
    more = "".join(f"  f{n}: {{kind: numeric, side: item}}\n" for n in range(features))
    path.write_text(path.read_text().replace("features:\n", f"features:\n{more}"))
    return load_config(path)


def test_what_a_thousand_features_need_is_packed_and_unpacked(with_kubeflow, tmp_path):
    config = wide(with_kubeflow(), 1000)
    spec, _ = parsed(compile_run(config))
    given = spec.root.dag.tasks["RunReport"].inputs.parameters["config"]
    packed = given.runtime_value.constant.string_value
    assert len(packed) < 10_000 < len(config.as_yaml())
    assert unpack(packed) == config.as_yaml()


def test_a_config_too_long_for_one_argument_is_refused(with_kubeflow):
    config = wide(with_kubeflow(), 1).model_copy(update={"name": "x"})
    noise = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(4000))
    logs = config.logs.model_copy(update={"root": f"gs://{noise}"})
    with pytest.raises(Misuse, match=r"is told \d+,\d+ bytes, .* at most 100,000 in one argument"):
        compile_run(config.model_copy(update={"logs": logs}))
