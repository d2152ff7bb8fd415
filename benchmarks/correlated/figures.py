"""What the runs come to: losses, gaps between correlations, and paired bootstrap intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

RESAMPLES = 10_000

# By model: final losses [runs, correlations], the same tasks and rows in a run for every model.
Finals = Mapping[str, np.ndarray]


def interval(values: np.ndarray) -> list[float]:
    """Returns the 95 % percentile interval of bootstrapped values."""
    return [float(end) for end in np.percentile(values, [2.5, 97.5])]


def summary(finals: Finals, correlations: Sequence[float]) -> dict[str, dict[str, Any]]:
    """Returns by model and metric the mean, its interval, the deviation and the best of the runs.

    Args:
        finals: losses by model.
        correlations: of the columns, the least first; the gap is from there to the last.
    """
    found: dict[str, dict[str, Any]] = {}
    for model, losses in finals.items():
        metrics = {f"loss_{c:g}": losses[:, i] for i, c in enumerate(correlations)}
        metrics["gap"] = losses[:, 0] - losses[:, -1]
        found[model] = {name: _describe(values) for name, values in metrics.items()}
    return found


def _describe(values: np.ndarray) -> dict[str, Any]:
    return {
        "mean": float(values.mean()),
        "interval": interval(values[_resamples(len(values))].mean(axis=1)),
        "std": float(values.std(ddof=1)),
        "variance": float(values.var(ddof=1)),
        "best": float(values.min()),
        "median": float(np.median(values)),
        "runs": len(values),
    }


def comparisons(
    finals: Finals, correlations: Sequence[float], reference: str = "mmoe"
) -> dict[str, dict[str, Any]]:
    """Returns by other model how it differs from the reference; runs are resampled in pairs.

    `loss_<c>` and `gap` are differences of means, other less reference; `variance_<c>` is the ratio
    of variances; `wins_<c>` is the share of runs that the reference ends with the lower loss.
    """
    ours = finals[reference]
    resamples = _resamples(len(ours))
    found: dict[str, dict[str, Any]] = {}
    for model, theirs in finals.items():
        if model == reference:
            continue
        apart = theirs - ours
        gaps = apart[:, 0] - apart[:, -1]
        metrics = {"gap": _estimate(gaps.mean(), gaps[resamples].mean(axis=1))}
        for i, c in enumerate(correlations):
            metrics[f"loss_{c:g}"] = _estimate(apart[:, i].mean(), apart[resamples, i].mean(axis=1))
            metrics[f"variance_{c:g}"] = _estimate(
                theirs[:, i].var() / ours[:, i].var(),
                theirs[resamples, i].var(axis=1) / ours[resamples, i].var(axis=1),
            )
            metrics[f"wins_{c:g}"] = {"value": float(np.mean(apart[:, i] > 0))}
        found[model] = metrics
    return found


def _estimate(value: float, resampled: np.ndarray) -> dict[str, Any]:
    return {"value": float(value), "interval": interval(resampled)}


def _resamples(runs: int) -> np.ndarray:
    """Returns which runs each resample takes, [R, runs]; the same for all models."""
    return np.random.default_rng(0).integers(0, runs, (RESAMPLES, runs))
