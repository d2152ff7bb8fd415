"""What TFMA measures: every output over its own population, overall and by slice."""

import json
from collections.abc import Sequence

from tensorflow_model_analysis.proto import config_pb2

from pipeline.config import PipelineConfig
from pipeline.head_metrics import HeadMetrics
from schemas.heads import Heads, Output, outputs

CANDIDATE = "candidate"
BASELINE = "baseline"


def eval_config(config: PipelineConfig) -> config_pb2.EvalConfig:
    """Returns TFMA's config: the candidate beside the baseline, all outputs, the slices."""
    found = outputs(config.heads)
    return config_pb2.EvalConfig(
        model_specs=[
            _model_spec(CANDIDATE, found),
            _model_spec(BASELINE, found, is_baseline=True),
        ],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=list(names)) for names in config.slices),
        ],
        metrics_specs=[
            config_pb2.MetricsSpec(
                output_names=[output.name for output in found],
                metrics=[
                    config_pb2.MetricConfig(
                        class_name=HeadMetrics.__name__,
                        module=HeadMetrics.__module__,
                        config=json.dumps(
                            {
                                "populations": populations(config.heads),
                                **({"values": means} if (means := values(config.heads)) else {}),
                            }
                        ),
                    )
                ],
            )
        ],
    )


def populations(heads: Heads) -> dict[str, str]:
    """Returns, for each head given another, that other: its event says which rows count."""
    return {name: head.given for name, head in heads.items() if head.given is not None}


def values(heads: Heads) -> dict[str, str | None]:
    """Returns the outputs that are no probabilities: by name, of a joint the head it is given.

    A joint is over all impressions: where its parent's event did not happen, the value is 0.
    """
    return {
        output.name: output.heads[-2] if len(output.heads) > 1 else None
        for output in outputs(heads)
        if output.kind != "rate"
    }


def _model_spec(
    name: str, found: Sequence[Output], *, is_baseline: bool = False
) -> config_pb2.ModelSpec:
    return config_pb2.ModelSpec(
        name=name,
        is_baseline=is_baseline,
        signature_name="serving_default",
        label_keys={output.name: output.label for output in found},
    )
