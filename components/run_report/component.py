"""RunReport: the page that says what a run came to, as its last step.

Annotations here stay objects, not postponed text: TFX reads them.
"""

from typing import Any, ClassVar

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.data_report.artifacts import DataFindings
from components.log_example_gen.artifacts import LogLedger, LogRejects
from components.run_report import executor
from components.run_report.artifacts import RunFacts

_INPUTS: dict[str, type[types.Artifact]] = {
    "examples": standard_artifacts.Examples,
    "ledger": LogLedger,
    "rejects": LogRejects,
    "statistics": standard_artifacts.ExampleStatistics,
    "anomalies": standard_artifacts.ExampleAnomalies,
    "data_report": DataFindings,
    "model_run": standard_artifacts.ModelRun,
    "model": standard_artifacts.Model,
    "baseline": standard_artifacts.Model,
    "serving": standard_artifacts.InfraBlessing,
    "evaluation": standard_artifacts.ModelEvaluation,
    "blessing": standard_artifacts.ModelBlessing,
    "pushed_model": standard_artifacts.PushedModel,
}


class RunReportSpec(component_spec.ComponentSpec):
    """Parameters, inputs and outputs of RunReport."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        name: component_spec.ExecutionParameter(type=str) for name in executor.PARAMETERS
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        name: component_spec.ChannelParameter(type=kind, optional=True)
        for name, kind in _INPUTS.items()
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "report": component_spec.ChannelParameter(type=RunFacts),
    }


class RunReport(base_component.BaseComponent):
    """Writes the report of a run, and what it shows as JSON.

    A run's id is new with every run, so that each has a report even if all else comes from TFX's
    cache.

    Component `outputs` contains:
     - `report`: RunFacts, with facts.json; its property `page` says where the page lies.
    """

    SPEC_CLASS = RunReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        run: str,
        name: str,
        spec: str,
        config: str,
        reports: str,
        timings: str,
        **artifacts: types.BaseChannel,
    ):
        """Takes what to tell of; the sections of inputs that are left out say so.

        Args:
            run: id of the run, a moment as in 20260131T235959Z; the moment of the report if "".
            name: of the pipeline.
            spec: `models.spec.ModelSpec` as JSON: what the model is made from.
            config: that was run, as YAML.
            reports: folder of all reports; paths of artifacts are told from the one above it.
            timings: file with the timings of the components before this one; "" without one.
            **artifacts: what the other components made, by the names in RunReportSpec.INPUTS.

        Raises:
            ValueError: if an artifact has another name: a spec would leave it out in silence.
        """
        if strangers := artifacts.keys() - _INPUTS:
            raise ValueError(
                f"RunReport has no input {', '.join(sorted(strangers))}. It has: "
                f"{', '.join(_INPUTS)}"
            )
        super().__init__(
            RunReportSpec(
                run=run,
                name=name,
                spec=spec,
                config=config,
                reports=reports,
                timings=timings,
                report=channel.Channel(type=RunFacts),
                **artifacts,
            )
        )
