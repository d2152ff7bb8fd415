"""Popularity, the component that counts what a model stands beside.

Annotations here stay objects, not postponed text: TFX reads them.
"""

from typing import Any, ClassVar

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.popularity import executor
from components.popularity.artifacts import ItemRates


class PopularitySpec(component_spec.ComponentSpec):
    """Parameters, inputs and outputs of Popularity."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "settings": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "rates": component_spec.ChannelParameter(type=ItemRates),
    }


class Popularity(base_beam_component.BaseBeamComponent):
    """Counts, in the training split, how often what each head learns came true.

    Component `outputs` contains:
     - `rates`: ItemRates, the rates of items and over all; see `rates`.
    """

    SPEC_CLASS = PopularitySpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(self, examples: types.BaseChannel, settings: str):
        """Takes what to count.

        Args:
            examples: of LogExampleGen.
            settings: PopularitySettings as JSON.
        """
        super().__init__(
            PopularitySpec(
                examples=examples, settings=settings, rates=channel.Channel(type=ItemRates)
            )
        )
