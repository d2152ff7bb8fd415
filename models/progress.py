"""How far a training run is, told through `logging`: a terminal draws it, a container prints it."""

import logging
import time

import tensorflow as tf

LOGGER = "funnelrank.progress"
_SECONDS_BETWEEN_WORDS = 1.0


class Progress(tf.keras.callbacks.Callback):
    """Logs steps done, examples a second, the loss and the time left, once a second at most.

    Each record carries `done` and `total` (steps), `rate` (examples a second), `loss` and `left`
    (seconds).

    Args:
        done: steps that an earlier attempt has trained.
        total: steps of the whole run.
        batch_size: examples a step.
    """

    def __init__(self, done: int, total: int, batch_size: int):
        super().__init__()
        self._first = self._done = done
        self._total = total
        self._batch_size = batch_size
        self._started: float | None = None
        self._spoke = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Counts a step and logs if it is time to."""
        now = time.monotonic()
        self._done += 1
        if self._started is None:  # the first step compiles the graph: not part of the rate
            self._started, self._first = now, self._done
        if now - self._spoke < _SECONDS_BETWEEN_WORDS and self._done < self._total:
            return
        self._spoke = now
        steps = (self._done - self._first) / max(now - self._started, 1e-9)
        left = (self._total - self._done) / steps if steps else 0.0
        loss = float((logs or {}).get("loss", float("nan")))
        logging.getLogger(LOGGER).info(
            "step %d of %d, %.0f examples/s, loss %.4f, %.0f s left",
            self._done,
            self._total,
            steps * self._batch_size,
            loss,
            left,
            extra={
                "done": self._done,
                "total": self._total,
                "rate": steps * self._batch_size,
                "loss": loss,
                "left": left,
            },
        )
