import json

from tfx.dsl.components.base import executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import standard_artifacts

from components.log_example_gen.artifacts import LogLedger
from components.log_example_gen.component import LogExampleGen
from components.log_example_gen.executor import Executor


def test_the_component_says_what_it_takes_and_makes(make_config):
    config = make_config().model_dump_json()
    component = LogExampleGen(config, '["2024-05-01"]', "f")
    assert component.exec_properties == {
        "config": config,
        "spans": '["2024-05-01"]',
        "fingerprint": "f",
    }
    assert component.inputs == {}
    assert {name: channel.type for name, channel in component.outputs.items()} == {
        "examples": standard_artifacts.Examples,
        "ledger": LogLedger,
    }


def test_the_executor_runs_on_beam():
    assert isinstance(LogExampleGen.EXECUTOR_SPEC, executor_spec.BeamExecutorSpec)
    assert LogExampleGen.EXECUTOR_SPEC.executor_class is Executor


def test_the_spans_may_be_given_when_the_pipeline_runs(make_config):
    spans = RuntimeParameter("spans", ptype=str, default=json.dumps(["2024-05-01"]))
    component = LogExampleGen(make_config().model_dump_json(), spans)
    assert component.exec_properties["spans"] is spans
    assert component.exec_properties["fingerprint"] == ""
