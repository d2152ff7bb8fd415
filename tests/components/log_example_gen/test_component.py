from tfx.dsl.components.base import executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import standard_artifacts

from components.log_example_gen.artifacts import LogLedger, LogRejects
from components.log_example_gen.component import LogExampleGen
from components.log_example_gen.executor import Executor


def test_the_component_says_what_it_takes_and_makes(make_config):
    config = make_config().model_dump_json()
    component = LogExampleGen(config, "2024-05-01", 3, "2024-05-04", "f")
    assert component.exec_properties == {
        "config": config,
        "span": "2024-05-01",
        "window": 3,
        "as_of": "2024-05-04",
        "fingerprint": "f",
    }
    assert component.inputs == {}
    assert {name: channel.type for name, channel in component.outputs.items()} == {
        "examples": standard_artifacts.Examples,
        "ledger": LogLedger,
        "rejects": LogRejects,
    }


def test_the_executor_runs_on_beam():
    assert isinstance(LogExampleGen.EXECUTOR_SPEC, executor_spec.BeamExecutorSpec)
    assert LogExampleGen.EXECUTOR_SPEC.executor_class is Executor


def test_spans_and_cut_off_may_be_given_when_the_pipeline_runs(make_config):
    told = {
        "span": RuntimeParameter("span", ptype=str, default=""),
        "window": RuntimeParameter("window", ptype=int, default=7),
        "as_of": RuntimeParameter("as_of", ptype=str, default=""),
    }
    component = LogExampleGen(make_config().model_dump_json(), **told)
    assert all(component.exec_properties[name] is value for name, value in told.items())


def test_the_cut_off_is_now_and_no_fingerprint_is_known_unless_told(make_config):
    component = LogExampleGen(make_config().model_dump_json(), "2024-05-01", 1)
    assert component.exec_properties["as_of"] == ""
    assert component.exec_properties["fingerprint"] == ""
