"""Evaluator, the component that measures a model beside others.

Annotations here stay objects, not postponed text: TFX reads them.
"""

from typing import Any, ClassVar

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.evaluator import executor
from components.popularity.artifacts import ItemRates


class EvaluatorSpec(component_spec.ComponentSpec):
    """Parameters, inputs and outputs of Evaluator."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "settings": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "baseline": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "popularity": component_spec.ChannelParameter(type=ItemRates),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "evaluation": component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation),
    }


class Evaluator(base_beam_component.BaseBeamComponent):
    """Tells how good a model is, overall and by slice, on the evaluation split.

    TFX's Evaluator runs TFMA's extractors, which call Python for every row and slice, know two
    models, and cannot bring the rows of a user together in bounded memory. Here batches are
    scored and counted as columns; TFMA adds up slices and writes its files.

    Component `outputs` contains:
     - `evaluation`: standard_artifacts.ModelEvaluation with figures.json, an
       `evaluation.figures.Evaluation`, and what `tfma.load_eval_result` reads.
    """

    SPEC_CLASS = EvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        model: types.BaseChannel,
        baseline: types.BaseChannel,
        popularity: types.BaseChannel,
        settings: str,
    ):
        """Takes what to evaluate.

        Args:
            examples: of LogExampleGen.
            model: the candidate.
            baseline: of BaselineModel.
            popularity: the rates of Popularity.
            settings: EvaluatorSettings as JSON.
        """
        super().__init__(
            EvaluatorSpec(
                examples=examples,
                model=model,
                baseline=baseline,
                popularity=popularity,
                settings=settings,
                evaluation=channel.Channel(type=standard_artifacts.ModelEvaluation),
            )
        )
