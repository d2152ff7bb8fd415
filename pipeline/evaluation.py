"""What TFMA measures: every output over its own population, overall and by slice."""

from collections.abc import Sequence

from tensorflow_model_analysis.proto import config_pb2

from pipeline.config import PipelineConfig
from schemas.heads import Output, outputs

CANDIDATE = "candidate"
BASELINE = "baseline"

# Our metric names: TFMA's class and its settings. AUC is a histogram's, exact to about 1e-4.
_METRICS = {
    "auc": ("AUC", '{"name": "auc", "num_thresholds": 10000}'),
    "pr_auc": ("AUC", '{"name": "pr_auc", "curve": "PR", "num_thresholds": 10000}'),
    "log_loss": ("BinaryCrossEntropy", '{"name": "log_loss"}'),
    "calibration": ("Calibration", '{"name": "calibration"}'),
    "mean_label": ("MeanLabel", '{"name": "mean_label"}'),
    "mean_prediction": ("MeanPrediction", '{"name": "mean_prediction"}'),
}
_COUNT = config_pb2.MetricConfig(class_name="ExampleCount", config='{"name": "example_count"}')


def eval_config(config: PipelineConfig) -> config_pb2.EvalConfig:
    """Returns TFMA's config: the candidate beside the baseline, a metrics spec for each output."""
    found = outputs(config.heads)
    return config_pb2.EvalConfig(
        model_specs=[
            _model_spec(CANDIDATE, found),
            _model_spec(BASELINE, found, is_baseline=True),
        ],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=[name]) for name in config.slices),
        ],
        metrics_specs=[_metrics_spec(output) for output in found],
    )


def _model_spec(
    name: str, found: Sequence[Output], *, is_baseline: bool = False
) -> config_pb2.ModelSpec:
    return config_pb2.ModelSpec(
        name=name,
        is_baseline=is_baseline,
        signature_name="serving_default",
        label_keys={output.name: output.label for output in found},
        # A row outside an output's population weighs nothing: that is how TFMA leaves it out.
        example_weight_keys={
            output.name: output.population for output in found if output.population is not None
        },
    )


def _metrics_spec(output: Output) -> config_pb2.MetricsSpec:
    spec = config_pb2.MetricsSpec(
        output_names=[output.name],
        metrics=[
            config_pb2.MetricConfig(class_name=class_name, config=settings)
            for class_name, settings in _METRICS.values()
        ],
    )
    spec.metrics.append(_COUNT)
    if output.population is not None:
        spec.example_weights.weighted = True
    return spec
