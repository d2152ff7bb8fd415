"""What a page can show of an evaluation: the slices with most rows, curves of some points."""

from collections.abc import Mapping

from components.run_report.axes import thinned
from evaluation.figures import BASELINE, CANDIDATE, Curves, Evaluation, Figure, OutputFigures

# Slices of the same features.
MOST_SLICES = 40
MOST_POINTS = 160
_METRICS = ("auc", "rmse", "calibration")


def shown(evaluation: Evaluation) -> tuple[Evaluation, int]:
    """Returns what is shown of an evaluation, and how many slices are left out.

    Of slices that tell the same features apart the first stay: they have most rows.
    """
    counts: dict[tuple[str, ...], int] = {}
    kept = []
    for one in evaluation.slices[1:]:
        features = tuple(one.slice)
        counts[features] = counts.get(features, 0) + 1
        if counts[features] <= MOST_SLICES:
            found = {name: _slim(output) for name, output in one.outputs.items()}
            kept.append(one.model_copy(update={"outputs": found}))
    whole = evaluation.slices[0]
    thin = {
        name: output.model_copy(
            update={"curves": {model: _thin(curves) for model, curves in output.curves.items()}}
        )
        for name, output in whole.outputs.items()
    }
    slices = (whole.model_copy(update={"outputs": thin}), *kept)
    left_out = len(evaluation.slices) - len(slices)
    return evaluation.model_copy(update={"slices": slices}), left_out


def _slim(found: OutputFigures) -> OutputFigures:
    """Returns the figures that forest plots are drawn from."""

    def some(models: Mapping[str, Mapping[str, Figure]]) -> dict[str, dict[str, Figure]]:
        return {
            model: {metric: metrics[metric] for metric in _METRICS if metric in metrics}
            for model, metrics in models.items()
            if model in (CANDIDATE, BASELINE)
        }

    update = {"models": some(found.models), "differences": some(found.differences), "curves": {}}
    return found.model_copy(update=update)


def _thin(curves: Curves) -> Curves:
    update = {"roc": thinned(curves.roc, MOST_POINTS), "pr": thinned(curves.pr, MOST_POINTS)}
    return curves.model_copy(update=update)
