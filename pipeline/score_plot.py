"""The trade-off between labels as a picture: every weighing tried, and the Pareto front."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from pipeline.pareto import Tuned

_GREY, _BLUE, _ORANGE, _INK = "#b8bcc2", "#1f6fb4", "#d9541e", "#2b2f36"


def plot_trials(tuned: Tuned, metric: str, files: Sequence[Path]) -> None:
    """Draws the first label's AUC against the second's; a third one is the colour.

    Args:
        tuned: the trials.
        metric: what their AUC is called.
        files: to write; their suffixes say the format.
    """
    labels = list(tuned.trials[0].aucs)
    aucs = np.array([[trial.aucs[label] for label in labels] for trial in tuned.trials])
    front, recommended = list(tuned.front), tuned.recommended
    x, y = aucs[:, 0], aucs[:, min(1, len(labels) - 1)]
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    colour = aucs[:, 2] if len(labels) > 2 else _GREY
    dots = axes.scatter(x, y, c=colour, s=18, cmap="viridis", linewidths=0, label="tried")
    if len(labels) > 2:
        figure.colorbar(dots, ax=axes, label=f"{metric} of {labels[2]}")
    axes.scatter(
        x[front], y[front], s=46, facecolors="none", edgecolors=_INK, linewidths=1.0,
        label="Pareto front",
    )  # fmt: skip
    marks = ((0, "D", _ORANGE, "present"), (recommended, "*", _BLUE, "recommended"))
    for place, shape, fill, name in marks:
        axes.scatter(
            x[place], y[place], marker=shape, s=170 if shape == "*" else 80, color=fill,
            edgecolors="white", linewidths=1.0, label=name, zorder=3,
        )  # fmt: skip
    axes.set_xlabel(f"{metric} of {labels[0]}")
    axes.set_ylabel(f"{metric} of {labels[min(1, len(labels) - 1)]}")
    axes.set_title(f"{len(tuned.trials)} weighings of the score", loc="left", color=_INK)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    with matplotlib.rc_context({"svg.hashsalt": "funnelrank"}):
        for file in files:
            figure.savefig(
                file, dpi=150, metadata={"Date": None} if file.suffix == ".svg" else None
            )
