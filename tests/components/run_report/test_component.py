import pytest
from tfx.types import channel
from tfx.types.standard_artifacts import Model, ModelEvaluation

from components.run_report.component import RunReport
from components.run_report.executor import PARAMETERS

PROPERTIES = {name: name for name in PARAMETERS}


def test_every_input_may_be_left_out():
    node = RunReport(**PROPERTIES)
    assert node.inputs == {}
    assert list(node.outputs) == ["report"]
    assert node.exec_properties["run"] == "run"


def test_inputs_are_told_by_name():
    evaluation = channel.Channel(type=ModelEvaluation)
    node = RunReport(**PROPERTIES, evaluation=evaluation)
    assert list(node.inputs) == ["evaluation"]


def test_an_input_of_another_type_or_name_is_refused():
    with pytest.raises(TypeError):
        RunReport(**PROPERTIES, evaluation=channel.Channel(type=Model))
    with pytest.raises(ValueError, match="verdict"):
        RunReport(**PROPERTIES, verdict=channel.Channel(type=Model))
