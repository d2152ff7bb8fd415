"""The trade-off between labels as a picture: every weighing tried, and the Pareto front."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
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
    first, second = 0, min(1, len(labels) - 1)
    frame = _frame(aucs, [0, *tuned.front])
    seen = ((aucs >= frame[0]) & (aucs <= frame[1]))[:, [first, second]].all(axis=1)
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.set(
        xlabel=f"{metric} of {labels[first]}", xlim=frame[:, first],
        ylabel=f"{metric} of {labels[second]}", ylim=frame[:, second],
    )  # fmt: skip
    shades = aucs[seen, 2] if len(labels) > 2 else _GREY
    dots = axes.scatter(aucs[seen, first], aucs[seen, second], c=shades, s=20, label="tried")
    if len(labels) > 2:
        figure.colorbar(dots, ax=axes, label=f"{metric} of {labels[2]}")
    marks: tuple[tuple[list[int], dict[str, Any]], ...] = (
        (list(tuned.front), {"s": 48, "facecolors": "none", "edgecolors": _INK, "label": "front"}),
        ([0], {"s": 80, "marker": "D", "color": _ORANGE, "label": "present"}),
        ([tuned.recommended], {"s": 200, "marker": "*", "color": _BLUE, "label": "recommended"}),
    )
    for places, mark in marks:
        axes.scatter(aucs[places, first], aucs[places, second], zorder=3, **mark)
    axes.set_title(
        f"{seen.sum()} of {len(aucs)} weighings; the others are worse", loc="left", fontsize=10
    )
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    for file in files:
        figure.savefig(file, dpi=150)


def _frame(aucs: npt.NDArray[np.float64], places: Sequence[int]) -> npt.NDArray[np.float64]:
    """Returns the least and the most to show of each label, [2, L]: `places` and some room."""
    low, high = aucs[places].min(axis=0), aucs[places].max(axis=0)
    room = np.maximum(0.15 * (high - low), 0.002)
    return np.stack([low - room, high + room])
