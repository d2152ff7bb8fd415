"""Our figures as one TFMA metric: all outputs of all models in one pass over the rows.

TFMA's own AUC, log loss and calibration look every row up again for each output, model and metric,
a tenth of a millisecond each time; here a row is looked up once. What comes out is TFMA's: metrics
by slice, model and output.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import apache_beam as beam
from tensorflow_model_analysis.metrics import metric_types

from models.metrics import Tally, ValueTally

Tallies = dict[tuple[str, str], Tally | ValueTally]


class HeadMetrics(metric_types.Metric):
    """AUC, PR-AUC, log loss, calibration, means and row count of every output.

    Of an output that is no probability, root mean square and mean absolute error instead.

    Args:
        populations: by output, the output whose label must be 1 for a row to count.
        values: the outputs that are no probabilities; of one that is a joint, the output whose
            label must be 1 for its own not to be 0.
        name: required by TFMA.
    """

    def __init__(
        self,
        populations: Mapping[str, str],
        values: Mapping[str, str | None] | None = None,
        name: str = "head_metrics",
    ):
        super().__init__(
            _computations, name=name, populations=dict(populations), values=dict(values or {})
        )


def _computations(
    populations: Mapping[str, str],
    values: Mapping[str, str | None],
    name: str = "head_metrics",
    model_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> list[metric_types.MetricComputation]:
    del name  # the figures carry their own
    models, outputs = tuple(model_names or [""]), tuple(output_names or [""])
    keys = {
        (model, output, figure): metric_types.MetricKey(
            name=figure, model_name=model, output_name=output
        )
        for model in models
        for output in outputs
        for figure in _tally(output, values).figures()
    }
    return [
        metric_types.MetricComputation(
            keys=list(keys.values()),
            preprocessors=None,
            combiner=_Combiner(models, outputs, dict(populations), dict(values), keys),
        )
    ]


metric_types.register_metric(HeadMetrics)


def _tally(output: str, values: Mapping[str, str | None]) -> Tally | ValueTally:
    return ValueTally() if output in values else Tally()


class _Combiner(beam.CombineFn):
    """Rows of a slice to a tally for each model and output."""

    def __init__(
        self,
        models: tuple[str, ...],
        outputs: tuple[str, ...],
        populations: dict[str, str],
        values: dict[str, str | None],
        keys: dict[tuple[str, str, str], metric_types.MetricKey],
    ):
        self._models = models
        self._outputs = outputs
        self._populations = populations
        self._values = values
        self._keys = keys

    def create_accumulator(self) -> Tallies:
        return {
            (model, output): _tally(output, self._values)
            for model in self._models
            for output in self._outputs
        }

    def add_input(self, tallies: Tallies, row: metric_types.StandardMetricInputs) -> Tallies:
        for model in self._models:
            labels = {output: _scalar(row.get_labels(model, output)) for output in self._outputs}
            for output in self._outputs:
                parent = self._populations.get(output)
                if parent is not None and labels[parent] != 1:
                    continue
                given = self._values.get(output)
                nothing = given is not None and labels[given] == 0
                label = 0.0 if nothing else labels[output]
                prediction = _scalar(row.get_predictions(model, output))
                tallies[model, output].add(prediction, label, 1.0)
        return tallies

    def merge_accumulators(self, accumulators: Iterable[Tallies]) -> Tallies:
        merged = self.create_accumulator()
        for tallies in accumulators:
            for key, tally in tallies.items():
                merged[key].merge(tally)  # type: ignore[arg-type]  # one output has one kind
        return merged

    def extract_output(self, tallies: Tallies) -> dict[metric_types.MetricKey, float]:
        return {
            self._keys[model, output, name]: figure
            for (model, output), tally in tallies.items()
            for name, figure in tally.figures().items()
        }


def _scalar(value: Any) -> float:
    """Returns the number in an array of one; NaN for an empty one or None."""
    if value is None:
        return float("nan")
    flat = value.reshape(-1) if hasattr(value, "reshape") else [value]
    return float(flat[0]) if len(flat) else float("nan")
