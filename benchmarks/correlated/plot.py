"""Loss curves and final losses of every model, a column per correlation."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

NAMES = {"shared_bottom": "Shared-Bottom", "moe": "MoE (one gate)", "mmoe": "MMoE"}
COLORS = {"shared_bottom": "#b5493a", "moe": "#3a6ea5", "mmoe": "#3f8f5b"}
BINS = 14


def draw(curves: Mapping[tuple[str, float], np.ndarray], steps: int, paths: list[Path]) -> None:
    """Draws the figure.

    Args:
        curves: by model and correlation, [runs, points]: losses from the first step to the last.
        steps: of a run.
        paths: of the files; the ending says the format.
    """
    correlations = sorted({correlation for _, correlation in curves})
    finals = np.concatenate([losses[:, -1] for losses in curves.values()])
    bins = np.geomspace(finals.min(), finals.max(), BINS + 1).tolist()
    with plt.rc_context({"axes.spines.top": False, "axes.spines.right": False, "font.size": 9}):
        figure, axes = plt.subplots(
            2, len(correlations), figsize=(10, 5.6), sharey="row", layout="constrained"
        )
        for column, correlation in enumerate(correlations):
            _draw_curves(axes[0, column], curves, correlation, steps)
            _draw_finals(axes[1, column], curves, correlation, bins)
        axes[0, 0].set_ylabel("error, share of label variance")
        axes[1, 0].set_ylabel("runs")
        axes[0, 0].legend(frameon=False)
        for path in paths:
            figure.savefig(path, dpi=150)
        plt.close(figure)


def _draw_curves(
    axes: Axes,
    curves: Mapping[tuple[str, float], np.ndarray],
    correlation: float,
    steps: int,
) -> None:
    runs = 0
    for model, color in COLORS.items():
        losses = curves[model, correlation]
        runs, points = losses.shape
        at = np.linspace(0, steps, points)[1:]
        low, high = np.percentile(losses[:, 1:], [10, 90], axis=0)
        axes.fill_between(at, low, high, color=color, alpha=0.15, linewidth=0)
        axes.plot(at, losses[:, 1:].mean(axis=0), color=color, label=NAMES[model])
    axes.set(
        title=f"correlation {correlation:g}",
        xlabel=f"steps; mean of {runs} runs, band 10 to 90 %",
        yscale="log",
    )


def _draw_finals(
    axes: Axes,
    curves: Mapping[tuple[str, float], np.ndarray],
    correlation: float,
    bins: Sequence[float],
) -> None:
    for model, color in COLORS.items():
        final = curves[model, correlation][:, -1]
        axes.hist(final, bins=bins, histtype="stepfilled", color=color, alpha=0.15)
        axes.hist(final, bins=bins, histtype="step", color=color, linewidth=1.3)
        axes.axvline(final.mean(), color=color, linewidth=1, linestyle=":")
    axes.set(xlabel="final error; dotted: mean", xscale="log")
