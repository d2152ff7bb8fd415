"""Checkpoints of a run: weights, optimizer slots and how far the run is."""

import logging
from typing import Any

import pydantic
import tensorflow as tf

from models.ranking_model import RankingModel
from models.removal import remove_tree
from models.validation import Figures


class Validation(pydantic.BaseModel):
    """The figures of one look at the validation split, by output and name, after `step` steps."""

    model_config = pydantic.ConfigDict(ser_json_inf_nan="constants")

    step: int
    figures: Figures


class Progress(pydantic.BaseModel):
    """How far a run is.

    Attributes:
        steps: trained so far.
        curves: losses, terms and weights of terms, some hundred records a run.
        waiting: losses of the steps that wait for a record, [N, 1 + T].
        validations: what was seen of the validation split.
        start: what a warm start took over; None where none was asked for.
    """

    model_config = pydantic.ConfigDict(ser_json_inf_nan="constants")

    steps: int = 0
    curves: list[dict[str, int | float | dict[str, float]]] = []
    waiting: list[list[float]] = []
    validations: list[Validation] = []
    start: dict[str, Any] | None = None


class Checkpoints:
    """Saves a run whole, and restores its newest save and its best weights.

    It may be killed at any moment. Progress is in the checkpoint itself, so that it always belongs
    to the weights beside it. The best weights lie in files named after their step, of which older
    ones are removed once a checkpoint tells that these are the best.

    Args:
        model: compiled.
        directory: where the checkpoints of this run lie; made if absent.
        writes: whether this process saves: of several that train together, one does.
    """

    def __init__(self, model: RankingModel, directory: str, *, writes: bool = True):
        self._progress = tf.Variable("", dtype=tf.string, trainable=False, name="progress")
        self._writes = writes
        self._manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(model=model, optimizer=model.optimizer, progress=self._progress),
            directory,
            max_to_keep=2,
        )
        # Not the model: its optimizer, which belongs to it, may weigh more than all its weights.
        self._weights = tf.train.Checkpoint(weights=model.variables)
        self._directory = directory

    def restore(self) -> Progress:
        """Restores the newest checkpoint that can be read; returns how far it was."""
        for path in reversed(self._manager.checkpoints):
            if _is_whole(path):
                self._manager.checkpoint.restore(path)
                return Progress.model_validate_json(self._progress.numpy())
        return Progress()

    def save(self, progress: Progress, *, best: bool = False) -> None:
        """Saves everything.

        Args:
            progress: so far; not that of the last save again.
            best: whether to keep these weights as the best ones, too.
        """
        self._progress.assign(progress.model_dump_json())
        if not self._writes:
            return
        if best:
            self._weights.write(self._best(progress.steps))
        self._manager.save(checkpoint_number=progress.steps)
        if best:
            for file in tf.io.gfile.glob(self._best("*")):
                if not file.startswith(f"{self._best(progress.steps)}."):
                    tf.io.gfile.remove(file)

    def restore_best(self, step: int) -> None:
        """Takes the best weights again: those of so many steps."""
        self._weights.read(self._best(step)).assert_existing_objects_matched()

    def _best(self, step: int | str) -> str:
        return f"{self._directory}/best-{step}"


def _is_whole(path: str) -> bool:
    """Returns whether all of a checkpoint can be read.

    That is known before any of it is restored: weights of which a part is restored are no start.
    """
    try:
        reader = tf.train.load_checkpoint(path)
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except (tf.errors.OpError, ValueError, IndexError) as error:
        logging.getLogger(__name__).warning("%s is broken and not used: %s", path, error)
        return False
    return True


def discard(directory: str) -> None:
    """Removes a directory of checkpoints and scratch, if it is there.

    A removal that is killed leaves nothing from which a run would go on: some files of a
    checkpoint without the others would stop every later attempt.
    """
    gone = f"{directory}.gone"
    if tf.io.gfile.exists(gone):
        remove_tree(gone)
    if tf.io.gfile.exists(directory):
        tf.io.gfile.rename(directory, gone)
        remove_tree(gone)
