"""Model beside baseline, slice by slice: a point with its interval on a line of each."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from components.run_report.axes import Scale, Tick, around
from components.run_report.numerals import figure, metric_name, rises, signed
from evaluation.figures import (
    BASELINE,
    CANDIDATE,
    Evaluation,
    Figure,
    OutputFigures,
    SliceFigures,
)

ALL_ROWS = "all rows"


@dataclasses.dataclass(frozen=True)
class Branch:
    """A line of a forest plot.

    Attributes:
        label: the slice.
        rows: that count.
        positives: among them.
        small: whether they are too few to say much.
        value: the candidate's, as text.
        told: what is drawn, as text: the difference or the value.
        interval: its ends, as text; "" without one.
        at: of the point, in [0, 1]; None where nothing was measured, or it lies beyond the scale.
        low: left end of the interval, in [0, 1], cut off with the scale; None without one.
        high: right end, likewise.
        side: better, worse, or even where the interval holds "no difference".
        description: the line in words.
        calibration: the candidate's, as text.
    """

    label: str
    rows: int
    positives: int
    small: bool
    value: str
    told: str
    interval: str
    at: float | None
    low: float | None
    high: float | None
    side: str
    description: str
    calibration: str


@dataclasses.dataclass(frozen=True)
class Forest:
    """A forest plot of one output by some features.

    Attributes:
        title: the features; "" for that of all rows alone.
        metric: that is drawn, as people write it.
        difference: whether the differences to the baseline are drawn, not the values.
        ticks: of the scale.
        guide: where "no difference", or the figure of all rows, lies.
        branches: all rows first.
    """

    title: str
    metric: str
    difference: bool
    ticks: tuple[Tick, ...]
    guide: float | None
    branches: tuple[Branch, ...]


def main_metric(kind: str) -> str:
    """Returns the metric that an output of a kind is told by first."""
    return "auc" if kind == "rate" else "rmse"


def forests(evaluation: Evaluation, output: str, metric: str) -> tuple[Forest, ...]:
    """Returns a forest plot for each set of features that the evaluation is sliced by."""
    groups: dict[tuple[str, ...], list[SliceFigures]] = {}
    for one in evaluation.slices[1:]:
        if output in one.outputs:
            groups.setdefault(tuple(one.slice), []).append(one)
    whole = evaluation.slices[0]
    difference = BASELINE in evaluation.models
    return tuple(
        _forest(" × ".join(features), [whole, *slices], output, metric, difference)
        for features, slices in groups.items()
    )


def _figure(found: OutputFigures, metric: str, difference: bool) -> Figure:
    by_model = found.differences if difference else found.models
    of_model: Mapping[str, Figure] = by_model.get(BASELINE if difference else CANDIDATE, {})
    return of_model.get(metric, Figure(value=math.nan))


def _forest(
    title: str, slices: Sequence[SliceFigures], output: str, metric: str, difference: bool
) -> Forest:
    drawn = [_figure(one.outputs[output], metric, difference) for one in slices]
    # The scale is that of slices which say something: a small one's interval may cover anything.
    steady = [
        end
        for one, found in zip(slices, drawn, strict=True)
        if not one.outputs[output].small
        for end in (found.value, found.low, found.high)
        if end is not None
    ] or [found.value for found in drawn]
    scale = around(steady, zero=difference)
    guide = 0.0 if difference else drawn[0].value
    return Forest(
        title,
        metric_name(metric),
        difference,
        scale.ticks(3),
        scale.at(guide) if math.isfinite(guide) else None,
        tuple(
            _branch(one, output, metric, found, scale, difference)
            for one, found in zip(slices, drawn, strict=True)
        ),
    )


def _branch(
    one: SliceFigures, output: str, metric: str, drawn: Figure, scale: Scale, difference: bool
) -> Branch:
    of_output = one.outputs[output]
    label = ", ".join(one.slice.values()) or ALL_ROWS
    told = signed(drawn.value) if difference else figure(drawn.value, metric)
    interval = ""
    if drawn.low is not None and drawn.high is not None:
        interval = (
            f"{_text(drawn.low, metric, difference)} to {_text(drawn.high, metric, difference)}"
        )
    measured = math.isfinite(drawn.value)
    what = "difference to the baseline" if difference else metric_name(metric)
    return Branch(
        label=label,
        rows=of_output.rows,
        positives=of_output.positives,
        small=of_output.small,
        value=figure(_figure(of_output, metric, False).value, metric),
        calibration=figure(_figure(of_output, "calibration", False).value, "calibration"),
        told=told,
        interval=interval,
        at=scale.at(drawn.value) if scale.low <= drawn.value <= scale.high else None,
        low=scale.at(drawn.low) if measured and drawn.low is not None else None,
        high=scale.at(drawn.high) if measured and drawn.high is not None else None,
        side=side(drawn, metric) if difference else "even",
        description=f"{label}: {what} {told}" + (f", {interval}" if interval else ""),
    )


def side(difference: Figure, metric: str) -> str:
    """Returns whether a difference is one for the better, for the worse, or may be none (even)."""
    low, high = difference.low, difference.high
    if low is None or high is None or low <= 0 <= high:
        return "even"
    return "better" if (difference.value > 0) == rises(metric) else "worse"


def _text(value: float, metric: str, difference: bool) -> str:
    return signed(value) if difference else figure(value, metric)
