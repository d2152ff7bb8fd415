from tfx.types import channel, standard_artifacts

from components.popularity.artifacts import ItemRates
from components.popularity.component import Popularity
from components.popularity.executor import Executor


def test_the_component_takes_examples_and_makes_rates():
    examples = channel.Channel(type=standard_artifacts.Examples)
    found = Popularity(examples=examples, settings="{}")
    assert set(found.inputs) == {"examples"}
    assert found.outputs["rates"].type is ItemRates
    assert found.exec_properties == {"settings": "{}"}
    assert found.id == "Popularity"
    assert found.executor_spec.executor_class is Executor
