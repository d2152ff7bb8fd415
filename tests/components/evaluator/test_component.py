from tfx.dsl.components.base import executor_spec
from tfx.types import channel, standard_artifacts

from components.evaluator.component import Evaluator
from components.evaluator.executor import Executor
from components.popularity.artifacts import ItemRates


def test_the_component_takes_four_artifacts_and_makes_an_evaluation():
    found = Evaluator(
        examples=channel.Channel(type=standard_artifacts.Examples),
        model=channel.Channel(type=standard_artifacts.Model),
        baseline=channel.Channel(type=standard_artifacts.Model),
        popularity=channel.Channel(type=ItemRates),
        settings="{}",
    )
    assert set(found.inputs) == {"examples", "model", "baseline", "popularity"}
    assert found.outputs["evaluation"].type is standard_artifacts.ModelEvaluation
    assert found.exec_properties == {"settings": "{}"}
    assert found.id == "Evaluator"
    assert isinstance(found.executor_spec, executor_spec.BeamExecutorSpec)
    assert found.executor_spec.executor_class is Executor
