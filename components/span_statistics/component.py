"""SpanStatistics, the component that finds what the examples of each span hold.

Annotations here stay objects, not postponed text: TFX reads them.
"""

from typing import Any, ClassVar

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.log_example_gen.artifacts import LogLedger
from components.span_statistics import executor
from components.span_statistics.artifacts import SpanSummary


class SpanStatisticsSpec(component_spec.ComponentSpec):
    """Parameters, inputs and outputs of SpanStatistics."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "settings": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "ledger": component_spec.ChannelParameter(type=LogLedger),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "summary": component_spec.ChannelParameter(type=SpanSummary),
    }


class SpanStatistics(base_beam_component.BaseBeamComponent):
    """Reads all examples once, and keeps by span what a later span is compared with.

    TFX's StatisticsGen knows an Examples artifact as one thing; here a window of spans is one.
    Labels, and the values that vocabularies are made of, are counted in every row; for the rest
    a sample is kept, whose statistics TFDV makes in memory.

    Component `outputs` contains:
     - `summary`: SpanSummary.
    """

    SPEC_CLASS = SpanStatisticsSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(self, examples: types.BaseChannel, ledger: types.BaseChannel, settings: str):
        """Takes what to look at.

        Args:
            examples: of LogExampleGen.
            ledger: its account of them.
            settings: a `components.span_statistics.settings.StatisticsSettings` as JSON.
        """
        super().__init__(
            SpanStatisticsSpec(
                examples=examples,
                ledger=ledger,
                settings=settings,
                summary=channel.Channel(type=SpanSummary),
            )
        )
