"""Plots of an output's scores: ROC, precision and recall, reliability, histogram.

A plot is a handful of SVG paths with CSS classes. Colours are the page's, so that one file is
right on dark and on light paper.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

from components.run_report.axes import Scale, Tick, around, path
from components.run_report.numerals import decimal, metric_name, share
from evaluation.figures import BASELINE, CANDIDATE, CONSTANT, Curves, Figure

WIDTH, HEIGHT = 290, 226
LEFT, RIGHT, TOP, BOTTOM = 40, 284, 26, 186
# Probabilities that the log-odds of a histogram are told by.
_TOLD = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
# Bins of a histogram, about.
_BINS = 32
# Recall below which precision is that of a few rows, and may lie above the plot.
_STEADY = 0.02


@dataclasses.dataclass(frozen=True)
class Shape:
    """A path, as SVG's `d` has it, and its CSS classes."""

    d: str
    classes: str


@dataclasses.dataclass(frozen=True)
class Axis:
    """What stands along a side of a plot."""

    title: str
    ticks: tuple[Tick, ...]


@dataclasses.dataclass(frozen=True)
class Plot:
    """A plot.

    Attributes:
        title: what it is of.
        description: what it says, in words.
        x: the axis at the bottom.
        y: the axis at the left.
        shapes: what is drawn, the topmost last.
        legend: CSS class and meaning of what only this plot has.
    """

    title: str
    description: str
    x: Axis
    y: Axis
    shapes: tuple[Shape, ...]
    legend: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Paper:
    """Two scales, on which points become places."""

    x: Scale
    y: Scale

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Returns where a point lies, in units of the SVG."""
        if not (math.isfinite(x) and math.isfinite(y)):
            return math.nan, math.nan
        return LEFT + (RIGHT - LEFT) * self.x.at(x), BOTTOM - (BOTTOM - TOP) * self.y.at(y)

    def line(self, points: Iterable[tuple[float, float]], classes: str) -> Shape:
        """Returns a line through points."""
        return Shape(path([self.place(x, y) for x, y in points]), f"line {classes}")

    def dots(self, points: Iterable[tuple[float, float]], classes: str) -> Shape:
        """Returns a dot at each point: lines of no length with round ends."""
        places = [self.place(x, y) for x, y in points]
        return Shape("".join(f"M{x:.1f} {y:.1f}h0" for x, y in places), f"dots {classes}")

    def bars(self, edges: Sequence[float], heights: Sequence[float], classes: str) -> Shape:
        """Returns bars side by side, as one outline with a filled inside."""
        points = [(edges[0], self.y.low)]
        for left, right, height in zip(edges, edges[1:], heights, strict=False):
            points += [(left, height), (right, height)]
        points.append((edges[-1], self.y.low))
        return Shape(path([self.place(x, y) for x, y in points]) + "z", f"area {classes}")

    def axes(self, x: str, y: str) -> tuple[Axis, Axis]:
        """Returns the axes with these titles."""
        return Axis(x, self.x.ticks()), Axis(y, self.y.ticks())


def head_plots(
    name: str, curves: Mapping[str, Curves], figures: Mapping[str, Mapping[str, Figure]]
) -> tuple[Plot, ...]:
    """Returns the plots of an output; none where the candidate has no curves.

    Args:
        name: of the output.
        curves: by model.
        figures: by model and metric, to be told in words.
    """
    if CANDIDATE not in curves:
        return ()
    return (
        _roc(name, curves, figures),
        _precision(name, curves, figures),
        _reliability(name, curves),
        _histogram(name, curves[CANDIDATE]),
    )


def _told(figures: Mapping[str, Mapping[str, Figure]], metric: str) -> str:
    values = {
        model: of_model[metric].value for model, of_model in figures.items() if metric in of_model
    }
    told = ", ".join(f"{decimal(value)} {model}" for model, value in values.items())
    return f"{metric_name(metric)}: {told}"


def _drawn(curves: Mapping[str, Curves]) -> list[tuple[str, Curves]]:
    """Returns the models whose lines say something, the candidate last, so that it lies on top."""
    return [
        (model, curves[model])
        for model in sorted(curves, key=lambda model: model == CANDIDATE)
        if model != CONSTANT
    ]


def _roc(
    name: str, curves: Mapping[str, Curves], figures: Mapping[str, Mapping[str, Figure]]
) -> Plot:
    paper = Paper(Scale(0, 1), Scale(0, 1))
    lines = [paper.line(of_model.roc, f"m-{model}") for model, of_model in _drawn(curves)]
    return Plot(
        "ROC",
        f"ROC curve of {name}. {_told(figures, 'auc')}.",
        *paper.axes("false positive rate", "true positive rate"),
        (paper.line([(0, 0), (1, 1)], "guide"), *lines),
    )


def _precision(
    name: str, curves: Mapping[str, Curves], figures: Mapping[str, Mapping[str, Figure]]
) -> Plot:
    steady = [
        precision
        for _, of_model in _drawn(curves)
        for recall, precision in of_model.pr
        if recall >= _STEADY
    ]
    paper = Paper(Scale(0, 1), Scale(0, min(1.0, around(steady, zero=True).high)))
    lines = [paper.line(of_model.pr, f"m-{model}") for model, of_model in _drawn(curves)]
    rate = figures.get(CANDIDATE, {}).get("mean_label")
    guides = [] if rate is None else [paper.line([(0, rate.value), (1, rate.value)], "guide")]
    return Plot(
        "Precision and recall",
        f"Precision against recall of {name}. {_told(figures, 'pr_auc')}.",
        *paper.axes("recall", "precision"),
        (*guides, *lines),
    )


def _reliability(name: str, curves: Mapping[str, Curves]) -> Plot:
    """Returns observed rates by predicted ones; of the other models the baseline's alone."""
    bins = {model: curves[model].reliability for model in (BASELINE, CANDIDATE) if model in curves}
    ours = bins[CANDIDATE]
    seen = [
        value
        for of_model in bins.values()
        for one in of_model
        for value in (one.predicted, one.observed)
        if value > 0
    ]
    # Not by the lower ends of the intervals: one that reaches to 0 would squeeze all others.
    scale = around([*seen, *(one.high for one in ours if one.high)], log=True, zero=True)
    paper = Paper(scale, scale)
    spans = [
        (one.predicted, one.low, one.high)
        for one in ours
        if one.low is not None and one.high is not None
    ]
    whiskers = "".join(path([paper.place(x, low), paper.place(x, high)]) for x, low, high in spans)
    others = [
        paper.line([(one.predicted, one.observed) for one in of_model], f"m-{model} thin")
        for model, of_model in bins.items()
        if model != CANDIDATE
    ]
    off = sum(not low <= x <= high for x, low, high in spans)
    return Plot(
        "Reliability",
        f"Observed rate against predicted {name}, in {len(ours)} bins of equal weight with 95 % "
        f"intervals; those of {off} do not reach the diagonal.",
        *paper.axes("predicted", "observed"),
        (
            paper.line([(scale.low, scale.low), (scale.high, scale.high)], "guide"),
            *others,
            Shape(whiskers, f"line m-{CANDIDATE} whiskers"),
            paper.dots([(one.predicted, one.observed) for one in ours], f"m-{CANDIDATE}"),
        ),
    )


def _histogram(name: str, curves: Curves) -> Plot:
    """Returns the share of each class' weight by score; the scores lie as log-odds."""
    edges, classes = _bins(curves)
    high = max((value for of_class in classes.values() for value in of_class), default=0) or 1
    paper = Paper(Scale(edges[0], edges[-1]), Scale(0, 1.05 * high))
    odds = {share: math.log(share / (1 - share)) for share in _TOLD}
    ticks = tuple(
        Tick(paper.x.at(place), f"{100 * share:g}%")
        for share, place in odds.items()
        if edges[0] <= place <= edges[-1]
    )
    y = Axis("share of the class", paper.y.ticks(percent=True))
    means = {
        of_class: sum(
            value * (left + right) / 2
            for value, left, right in zip(values, edges, edges[1:], strict=False)
        )
        for of_class, values in classes.items()
    }
    told = " and ".join(
        f"{share(1 / (1 + math.exp(-mean)))} for {of_class}" for of_class, mean in means.items()
    )
    return Plot(
        "Scores",
        f"Histogram of the scores of {name}, by log-odds: in the middle {told}.",
        Axis("predicted", ticks),
        y,
        tuple(paper.bars(edges, values, of_class) for of_class, values in classes.items()),
        legend=tuple((of_class, of_class) for of_class in reversed(classes)),
    )


def _bins(curves: Curves) -> tuple[tuple[float, ...], dict[str, list[float]]]:
    """Returns edges and shares of each class, in some tens of bins that hold all the weight."""
    filled = [
        place
        for place, weights in enumerate(zip(curves.negatives, curves.positives, strict=True))
        if sum(weights) > 0
    ] or [0]
    first, last = filled[0], filled[-1] + 1
    step = -(-(last - first) // _BINS)
    starts = range(first, last, step)
    edges = (*(curves.edges[start] for start in starts), curves.edges[last])

    def shares(weights: Sequence[float]) -> list[float]:
        whole = sum(weights) or 1.0
        return [sum(weights[start : min(start + step, last)]) / whole for start in starts]

    return edges, {"negatives": shares(curves.negatives), "positives": shares(curves.positives)}
