"""Plots of a training: what was minimised, its terms and their weights, looks at held-back rows."""

from collections.abc import Mapping, Sequence

from components.run_report.axes import Scale, around
from components.run_report.facts_of_training import Training
from components.run_report.numerals import decimal, metric_name
from components.run_report.plots import Paper, Plot

Series = Mapping[str, Sequence[tuple[float, float]]]

# Of an output's figures, what is shown over the steps.
_WATCHED = ("auc", "rmse")
_LOSS = "loss"
COLOURS = 6


def terms(training: Training) -> tuple[str, ...]:
    """Returns the names that are drawn in colours of their own, in the order of the colours."""
    found: dict[str, None] = {}
    for point in training.curves:
        names = [name.removesuffix("_loss") for name in point.losses if name != _LOSS]
        found.update(dict.fromkeys([*names, *point.weights]))
    for look in training.validations:
        found.update(dict.fromkeys(look.figures))
    return tuple(found)


def training_plots(training: Training) -> tuple[Plot, ...]:
    """Returns the plots of a training; those that have nothing to show are left out."""
    losses: dict[str, list[tuple[float, float]]] = {}
    weights: dict[str, list[tuple[float, float]]] = {}
    for point in training.curves:
        for name, value in point.losses.items():
            losses.setdefault(name.removesuffix("_loss"), []).append((point.step, value))
        for name, value in point.weights.items():
            weights.setdefault(name, []).append((point.step, value))
    minimised = {_LOSS: losses.pop(_LOSS)} if _LOSS in losses else {}
    names = terms(training)
    wanted = (
        ("Loss", "what is minimised, by step of training", "loss", minimised, False),
        ("Loss of each term", "loss of each term, by step of training", "loss", losses, True),
        ("Weight of each term", "what each term is multiplied by", "weight", weights, True),
        *_looks(training),
    )
    return tuple(
        _plot(title, says, y, series, names, log=log)
        for title, says, y, series, log in wanted
        if series
    )


def _looks(training: Training) -> list[tuple[str, str, str, Series, bool]]:
    outputs = dict.fromkeys(output for look in training.validations for output in look.figures)
    found = []
    for metric in _WATCHED:
        series: Series = {
            output: [
                (look.step, look.figures[output][metric])
                for look in training.validations
                if metric in look.figures.get(output, {})
            ]
            for output in outputs
        }
        name = metric_name(metric)
        told: Series = {output: points for output, points in series.items() if points}
        says = f"{name} on the validation split"
        found.append((f"{name}, validation split", says, name, told, False))
    return found


def _plot(
    title: str, says: str, y: str, series: Series, names: Sequence[str], *, log: bool
) -> Plot:
    last = max(step for points in series.values() for step, _ in points)
    scale = around((value for points in series.values() for _, value in points), log=log)
    paper = Paper(Scale(0, last or 1), scale)
    shapes = []
    for name, points in series.items():
        colour = f"c-{names.index(name) % COLOURS}" if name in names else "m-candidate"
        shapes.append(paper.line(points, colour))
        if len(points) < 20:
            shapes.append(paper.dots(points, f"{colour} small"))
    ends = ", ".join(f"{decimal(points[-1][1])} {name}" for name, points in series.items())
    return Plot(title, f"{says}; at the end {ends}.", *paper.axes("step", y), tuple(shapes))
