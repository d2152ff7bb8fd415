"""Our figures as one TFMA metric: TFMA adds up what was counted of each slice, and keeps it.

TFMA's own metrics look at a row at a time, compare two models at most and hold no users together.
Here what TFMA is given as an example is a tally of many rows of a slice.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.api import types
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2

from components.evaluator.slicing import Slice
from components.evaluator.tallies import MergeTallies, SliceTally
from evaluation.figures import BASELINE, CANDIDATE, Figure, SliceFigures

# The figures as JSON, curves and all, among those that TFMA knows. It is no figure itself.
FIGURES = metric_types.MetricKey(name="figures")
# Rows of a slice, whether they count for an output or not.
COUNT = metric_types.MetricKey(name="example_count")
_TALLY = "slice_tally"

Metrics = dict[metric_types.MetricKey, Any]


def eval_config(
    models: Iterable[str], outputs: Iterable[str], slices: Iterable[Sequence[str]]
) -> config_pb2.EvalConfig:
    """Returns what TFMA is told to measure.

    No model is marked as the baseline: TFMA would subtract figures as if they were independent.

    Args:
        models: that are evaluated.
        outputs: of the models.
        slices: the features that are sliced by, or crossed.
    """
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(name=name) for name in models],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=features) for features in slices),
        ],
        metrics_specs=[
            config_pb2.MetricsSpec(
                model_names=list(models),
                output_names=list(outputs),
                metrics=[
                    config_pb2.MetricConfig(
                        class_name=HeadMetrics.__name__, module=HeadMetrics.__module__
                    )
                ],
            )
        ],
    )


def extract(tally: SliceTally) -> dict[str, Any]:
    """Returns what TFMA's evaluator takes: a tally, and the slice that it is of."""
    return {constants.SLICE_KEY_TYPES_KEY: [tally.slice], _TALLY: tally}


class HeadMetrics(metric_types.Metric):
    """Every figure of every output and model, with its interval, and how many rows there are.

    Args:
        name: required by TFMA.
    """

    def __init__(self, name: str = "head_metrics"):
        super().__init__(_computations, name=name)


def _computations(
    name: str = "head_metrics",
    model_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> list[metric_types.MetricComputation]:
    del name, model_names, output_names  # the figures carry their own
    return [metric_types.MetricComputation([FIGURES], [_Preprocessor()], _Combiner())]


metric_types.register_metric(HeadMetrics)


class _Preprocessor(metric_types.Preprocessor):
    """Extract -> its tally."""

    def process(self, extracts: types.Extracts) -> Iterator[SliceTally]:
        yield extracts[_TALLY]


class _Combiner(beam.CombineFn):
    """Tallies of a slice -> its figures."""

    _merge = MergeTallies()

    def create_accumulator(self) -> SliceTally | None:
        return self._merge.create_accumulator()

    def add_input(
        self, mutable_accumulator: SliceTally | None, element: SliceTally
    ) -> SliceTally | None:
        return self._merge.add_input(mutable_accumulator, element)

    def merge_accumulators(self, accumulators: Iterable[SliceTally | None]) -> SliceTally | None:
        return self._merge.merge_accumulators(accumulators)

    def extract_output(self, accumulator: SliceTally | None) -> Metrics:
        if accumulator is None:
            return {}
        figures = accumulator.figures()
        found = {FIGURES: figures.model_dump_json(), COUNT: float(accumulator.rows)}
        return {**found, **_values(figures)}


def _values(figures: SliceFigures) -> Metrics:
    """Returns figures as TFMA writes them; those beside the baseline are TFMA's differences."""
    found = {}
    for output, of_output in figures.outputs.items():
        for model, metrics in of_output.models.items():
            for name, figure in metrics.items():
                key = metric_types.MetricKey(name, model_name=model, output_name=output)
                found[key] = _value(figure)
        for name, figure in of_output.differences.get(BASELINE, {}).items():
            key = metric_types.MetricKey(
                name, model_name=CANDIDATE, output_name=output, is_diff=True
            )
            found[key] = _value(figure)
    return found


def _value(figure: Figure) -> types.ValueWithTDistribution | float:
    if figure.error is None:
        return figure.value
    return types.ValueWithTDistribution(figure.value, figure.error, figure.freedom, figure.value)


def figures_of(sliced: tuple[Slice, Metrics]) -> tuple[float, str]:
    """Returns how many rows a slice has, and its figures as JSON."""
    _, metrics = sliced
    return metrics[COUNT], metrics[FIGURES]


def metrics_of(sliced: tuple[Slice, Metrics]) -> tuple[Slice, Metrics]:
    """Returns what TFMA writes of a slice."""
    found, metrics = sliced
    return found, {key: value for key, value in metrics.items() if key != FIGURES}
