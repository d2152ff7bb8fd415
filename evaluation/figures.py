"""What an evaluation found: figures with intervals, by slice, output and model.

Written by the Evaluator as `figures.json`; gates, tables and the report read it.
"""

from collections.abc import Mapping

import pydantic

from schemas.strict import Strict

FIGURES_FILE = "figures.json"

# The models that an evaluation may know, beside which the candidate stands.
CANDIDATE = "candidate"
BASELINE = "baseline"
POPULARITY = "popularity"
CONSTANT = "constant"
TRUTH = "truth"

# A slice with fewer positive rows than this is marked small: its figures say little.
SMALL_POSITIVES = 50


class _Told(Strict):
    """Written as JSON with NaN in it, where there is nothing to measure."""

    model_config = pydantic.ConfigDict(ser_json_inf_nan="constants")


class Figure(_Told):
    """A figure and how sure it is.

    Attributes:
        value: over all rows; NaN where it cannot be measured.
        error: its standard error, None where there are too few groups of rows to tell.
        low: lower end of the 95 % interval, None likewise.
        high: upper end, None likewise.
        freedom: degrees of freedom of Student's t behind the interval.
    """

    value: float
    error: float | None = None
    low: float | None = None
    high: float | None = None
    freedom: int | None = None


class ReliabilityBin(_Told):
    """Rows of like predictions.

    Attributes:
        predicted: their weighted mean prediction.
        observed: their weighted mean label.
        low: lower end of the 95 % interval of `observed`, None where it cannot be told.
        high: upper end.
        weight: their weight.
    """

    predicted: float
    observed: float
    low: float | None = None
    high: float | None = None
    weight: float


class Curves(_Told):
    """What is drawn of one output of one model, over all rows.

    Attributes:
        roc: points (false positive rate, true positive rate) from (0, 0) to (1, 1).
        pr: points (recall, precision), recall ascending.
        reliability: bins of equal weight, predictions ascending.
        edges: [B + 1], of the bins of the score histogram, as log-odds.
        negatives: [B], weight of the negative rows in each.
        positives: [B], likewise.
    """

    roc: tuple[tuple[float, float], ...]
    pr: tuple[tuple[float, float], ...]
    reliability: tuple[ReliabilityBin, ...]
    edges: tuple[float, ...]
    negatives: tuple[float, ...]
    positives: tuple[float, ...]


class OutputFigures(_Told):
    """Figures of one output on the rows of one slice, in the output's own population.

    Attributes:
        rows: that count.
        positives: those of them whose label is 1; of a value, whose label is not 0.
        weight: sum of the rows' weights.
        masked: rows of the population that do not count, as their label is not mature or a mask
            says so.
        groups: how many users, or requests, each grouped metric is the mean over: `gauc`, ...
        skipped: how many it had to leave out, as they have one class only or, for NDCG, no
            positive row.
        models: figures by model, then metric.
        differences: candidate minus that model, by model, then metric: paired, on the same rows.
        curves: by model; empty but in the slice of all rows, and empty for values.
    """

    rows: int
    positives: int
    weight: float
    masked: int = 0
    groups: Mapping[str, int] = {}
    skipped: Mapping[str, int] = {}
    models: Mapping[str, Mapping[str, Figure]]
    differences: Mapping[str, Mapping[str, Figure]] = {}
    curves: Mapping[str, Curves] = {}

    @property
    def small(self) -> bool:
        """Whether there are too few positive rows for the figures to say much."""
        return self.positives < SMALL_POSITIVES


class SliceFigures(_Told):
    """Figures of the rows with the same values of some features.

    Attributes:
        slice: value by feature, in the order of the config; empty for all rows.
        outputs: by output.
    """

    slice: Mapping[str, str]
    outputs: Mapping[str, OutputFigures]


class Evaluation(_Told):
    """All that an evaluation found.

    Attributes:
        models: that were evaluated, the candidate first; `baseline` is absent where there is none.
        slices: the slice of all rows first.
    """

    models: tuple[str, ...]
    slices: tuple[SliceFigures, ...]

    @property
    def overall(self) -> Mapping[str, OutputFigures]:
        """The figures over all rows, by output."""
        return self.slices[0].outputs
