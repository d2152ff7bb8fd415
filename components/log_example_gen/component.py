"""LogExampleGen, the component that makes examples from logs.

Annotations here stay objects, not postponed text: TFX reads them.
"""

from typing import Any, ClassVar

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import channel, component_spec, standard_artifacts

from components.log_example_gen import executor
from components.log_example_gen.artifacts import LogLedger, LogRejects


class LogExampleGenSpec(component_spec.ComponentSpec):
    """Parameters and outputs of LogExampleGen; it has no inputs."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "config": component_spec.ExecutionParameter(type=str),
        "span": component_spec.ExecutionParameter(type=str),
        "window": component_spec.ExecutionParameter(type=int),
        "as_of": component_spec.ExecutionParameter(type=str),
        "fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {}
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "ledger": component_spec.ChannelParameter(type=LogLedger),
        "rejects": component_spec.ChannelParameter(type=LogRejects),
    }


class LogExampleGen(base_beam_component.BaseBeamComponent):
    """Joins impression, click and conversion logs into labelled tf.Examples.

    Not an ExampleGen of TFX: those find their span in a driver, which open-source Kubeflow never
    runs. Here the spans are a parameter and files are found where they are read.

    Example:
        LogExampleGen(
            config=IngestConfig(...).model_dump_json(),
            span="2024-05-02",
            window=7,
        )

    Component `outputs` contains:
     - `examples`: standard_artifacts.Examples, splits train, eval and, where the config asks for
       it, validation: gzip TFRecords of tf.Examples; its span is the last of `spans`, in days
       since 1970, its version the second at which they were made.
     - `ledger`: LogLedger, ledger.json with the fate of every row.
     - `rejects`: LogRejects, Parquet files of the rows that could not be used.
    """

    SPEC_CLASS = LogExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        config: str,
        span: str | RuntimeParameter,
        window: int | RuntimeParameter,
        as_of: str | RuntimeParameter = "",
        fingerprint: str | RuntimeParameter = "",
    ):
        """Takes what to ingest.

        Args:
            config: an IngestConfig as JSON.
            span: the newest one, an ISO date; the newest of the logs before the cut-off if "".
            window: how many spans, up to that one.
            as_of: the cut-off in ISO 8601, events after which are unknown; now if "".
            fingerprint: `files.fingerprint` of what will be read. The executor ignores it; it
                enters TFX's cache key, so that changed logs are ingested anew.
        """
        super().__init__(
            LogExampleGenSpec(
                config=config,
                span=span,
                window=window,
                as_of=as_of,
                fingerprint=fingerprint,
                examples=channel.Channel(type=standard_artifacts.Examples),
                ledger=channel.Channel(type=LogLedger),
                rejects=channel.Channel(type=LogRejects),
            )
        )
