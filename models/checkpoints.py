"""Checkpoints of a run: model, optimizer slots and the number of steps trained."""

import tensorflow as tf


class Checkpoints(tf.keras.callbacks.Callback):
    """Saves every so many steps, and restores the newest save.

    The step count is part of the checkpoint, so that a resumed run goes on at the right batch.

    Args:
        model: compiled.
        directory: where the checkpoints of this run lie; made if absent.
        every: steps between two saves.
    """

    def __init__(self, model: tf.keras.Model, directory: str, every: int):
        super().__init__()
        self._steps = tf.Variable(0, dtype=tf.int64, trainable=False, name="steps_trained")
        self._every = every
        self._manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(model=model, optimizer=model.optimizer, steps=self._steps),
            directory,
            max_to_keep=2,
        )

    def restore(self) -> int:
        """Restores the newest checkpoint, if there is one; returns the steps trained by then."""
        self._manager.restore_or_initialize()
        return int(self._steps)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Counts a step and saves if it is time to."""
        self._steps.assign_add(1)
        if int(self._steps) % self._every == 0:
            self._manager.save()
