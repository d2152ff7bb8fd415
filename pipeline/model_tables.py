"""The tables that say how good a model is, beside what it is compared with."""

import math
from collections.abc import Mapping, Sequence

from rich.table import Table

from evaluation.figures import BASELINE, CANDIDATE, POPULARITY, TRUTH, Evaluation, Figure
from pipeline.quantities import count
from pipeline.tables import decimal, plain_table

# What is shown of other models, and of the metrics that are by user or request.
_OTHERS = {TRUTH: "of the truth", BASELINE: "baseline", POPULARITY: "popularity"}
_BY_GROUP = {"gauc": "GAUC", "session_auc": "session"}


def ranking_table(evaluation: Evaluation, names: Sequence[str]) -> Table:
    """Returns how well each probability ranks held-back rows, and what else could rank them.

    Args:
        evaluation: of the model.
        names: of the outputs.
    """
    others = [model for model in _OTHERS if model in evaluation.models]
    grouped = [
        metric
        for metric in dict.fromkeys(
            metric for name in names for metric in _figures(evaluation, name, CANDIDATE)
        )
        if metric in _BY_GROUP or "@" in metric
    ]
    columns = ["AUC", "±", *(_OTHERS[model] for model in others)]
    columns += [_BY_GROUP.get(metric, metric.upper()) for metric in grouped]
    rows = []
    for name in names:
        own = _figures(evaluation, name, CANDIDATE)
        cells = [_value(own, "auc"), _half_width(own, "auc")]
        cells += [_value(_figures(evaluation, name, model), "auc") for model in others]
        rows.append((name, *cells, *(_value(own, metric) for metric in grouped)))
    return plain_table("Ranking", ("output", *columns), rows)


def probabilities_table(evaluation: Evaluation, names: Sequence[str]) -> Table:
    """Returns how far each probability can be taken at its word.

    Args:
        evaluation: of the model.
        names: of the outputs.
    """
    columns = ("output", "calibration", "ECE", "log loss", "NE", "rows", "positives")
    rows = []
    for name in names:
        own = _figures(evaluation, name, CANDIDATE)
        cells = [
            _value(own, "calibration", 3),
            *(_value(own, f) for f in ("ece", "log_loss", "ne")),
        ]
        rows.append((name, *cells, *_counts(evaluation, name)))
    return plain_table("Probabilities", columns, rows)


def values_table(evaluation: Evaluation, names: Sequence[str]) -> Table:
    """Returns the figures of each output that is the mean of a value: errors, means, rows."""
    baseline = BASELINE in evaluation.models
    columns = ["RMSE", "±", *(["baseline"] if baseline else [])]
    columns += ["mean error", "calibration", "mean", "rows"]
    rows = []
    for name in names:
        own = _figures(evaluation, name, CANDIDATE)
        cells = [_value(own, "rmse"), _half_width(own, "rmse")]
        cells += [_value(_figures(evaluation, name, BASELINE), "rmse")] if baseline else []
        cells += [_value(own, "mae"), _value(own, "calibration", 3), _value(own, "mean_label")]
        rows.append((name, *cells, _counts(evaluation, name)[0]))
    return plain_table("Values, on held-back rows", ("output", *columns), rows)


def _figures(evaluation: Evaluation, name: str, model: str) -> Mapping[str, Figure]:
    found = evaluation.overall.get(name)
    return {} if found is None else found.models.get(model, {})


def _counts(evaluation: Evaluation, name: str) -> tuple[str, str]:
    found = evaluation.overall.get(name)
    return ("0", "0") if found is None else (count(found.rows), count(found.positives))


def _value(figures: Mapping[str, Figure], metric: str, digits: int = 4) -> str:
    return decimal(figures[metric].value if metric in figures else math.nan, digits)


def _half_width(figures: Mapping[str, Figure], metric: str) -> str:
    """Returns half of the 95 % interval."""
    figure = figures.get(metric)
    if figure is None or figure.low is None or figure.high is None:
        return "–"
    return decimal((figure.high - figure.low) / 2)
