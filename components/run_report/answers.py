"""What is shown of each output of the model."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.run_report.facts import Facts
from components.run_report.forest import Forest, forests, main_metric
from components.run_report.headline import population
from components.run_report.plots import Plot, head_plots
from evaluation.figures import CANDIDATE, OutputFigures
from schemas.heads import Output, outputs


@dataclasses.dataclass(frozen=True)
class Answer:
    """An output, as the page shows it.

    Attributes:
        name: of the output.
        told: in words, what it is and on which rows it is judged.
        metric: its main one.
        measured: its figures over all rows.
        models: that it was measured of, the candidate first.
        metrics: that were measured, in the order of the evaluation.
        plots: of its scores; none of a value.
        forests: by slice.
    """

    name: str
    told: str
    metric: str
    measured: OutputFigures
    models: tuple[str, ...]
    metrics: tuple[str, ...]
    plots: tuple[Plot, ...]
    forests: tuple[Forest, ...]


def answers(facts: Facts) -> tuple[Answer, ...]:
    """Returns every output that was measured, in the order of the heads, joints last."""
    evaluation = facts.evaluation
    if evaluation is None:
        return ()
    found = []
    for output in outputs(facts.heads):
        measured = evaluation.overall.get(output.name)
        if measured is None:
            continue
        models = tuple(model for model in evaluation.models if model in measured.models)
        metric = main_metric(output.kind)
        found.append(
            Answer(
                name=output.name,
                told=_told(output),
                metric=metric,
                measured=measured,
                models=models,
                metrics=metrics_of(measured.models),
                plots=head_plots(output.name, measured.curves, measured.models),
                forests=forests(evaluation, output.name, metric),
            )
        )
    return tuple(found)


def metrics_of(models: Mapping[Any, Mapping[str, object]]) -> tuple[str, ...]:
    """Returns the metrics of all models, those of the candidate first."""
    ordered = sorted(models, key=lambda model: model != CANDIDATE)
    return tuple(dict.fromkeys(metric for model in ordered for metric in models[model]))


def _told(output: Output) -> str:
    if output.kind != "rate":
        return f"mean {output.label}, over {population(output)}"
    if len(output.heads) > 1:
        return (
            f"probability of {output.label} = {' × '.join(output.heads)}, over {population(output)}"
        )
    given = f" given {output.population}" if output.population else ""
    return f"probability of {output.label}{given}, over {population(output)}"
