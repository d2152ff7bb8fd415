"""The loss, its terms and their weights over the steps of a run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.checkpoints import Progress

_RECORDS_A_RUN = 100

Weights = Callable[[], Mapping[str, tf.Tensor]]


class Curves:
    """Keeps some hundred records of a run, and shows them to TensorBoard.

    Attributes:
        every: steps a record.

    Args:
        terms: names of the loss terms.
        progress: of the run; the records go there, so that a resumed run has all of them.
        total: steps of the whole run.
        log_dir: for TensorBoard.
    """

    def __init__(self, terms: Sequence[str], progress: Progress, total: int, log_dir: str):
        self._names = ("loss", *(f"{term}_loss" for term in terms))
        self._progress = progress
        self.every = max(1, total // _RECORDS_A_RUN)
        self._writer = tf.summary.create_file_writer(log_dir)

    def add(self, losses: npt.NDArray[np.float32], weights: Weights) -> None:
        """Counts some steps; makes a record of their means once there are `every` of them.

        Args:
            losses: the loss and the terms of each step, [N, 1 + T]. They do not go beyond the
                next record.
            weights: tells what the balance multiplies each term by now; asked for a record only,
                as an accelerator would have to be waited for.
        """
        progress = self._progress
        progress.waiting = [*progress.waiting, *losses.astype(float).tolist()]
        if len(progress.waiting) < self.every:
            return
        means = np.mean(progress.waiting, axis=0)
        progress.waiting = []
        record: dict[str, Any] = {
            "step": progress.steps,
            **{name: round(float(mean), 6) for name, mean in zip(self._names, means, strict=True)},
            "weights": {name: round(float(weight), 6) for name, weight in weights().items()},
        }
        progress.curves.append(record)
        self._show("train", {name: record[name] for name in self._names})

    def validated(self) -> None:
        """Shows the newest look at the validation split."""
        figures = self._progress.validations[-1].figures
        for output, values in figures.items():
            self._show(f"validation/{output}", values)

    def _show(self, group: str, values: Mapping[str, float]) -> None:
        with self._writer.as_default(step=self._progress.steps):
            for name, value in values.items():
                tf.summary.scalar(f"{group}/{name}", value)
