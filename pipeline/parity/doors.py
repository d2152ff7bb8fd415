"""The doors of a model that are asked about rows of logs."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.serving_check.alone import answering
from components.serving_check.recorded import SIZES
from models.spec import ModelSpec
from pipeline.log_rows import request_columns
from pipeline.parity.training_path import Arrays
from schemas.doors import (
    DOORS,
    PREDICT_COLUMNS,
    RANK,
    SCORE_WEIGHTS,
    SERVING_DEFAULT,
    TRANSFORM_FEATURES,
    item_columns,
    shared_columns,
)
from schemas.score_weights import weights


class Doors:
    """Asks a loaded model.

    Attributes:
        names: of its doors.
        seconds: by door, what its answers took so far.

    Args:
        loaded: a SavedModel.
        spec: what it was made from.
    """

    def __init__(self, loaded: Any, spec: ModelSpec):
        self.names = tuple(door for door in DOORS if door in loaded.signatures)
        self.seconds = dict.fromkeys(self.names, 0.0)
        self._ask = {door: answering(loaded, door) for door in (*self.names, TRANSFORM_FEATURES)}
        self._inputs = spec.inputs()
        self._shared = shared_columns(self._inputs, spec.features)
        self._each = item_columns(self._inputs, spec.features)
        self._weighted = spec.score is not None and bool(weights(spec.score))

    def features(self, examples: npt.NDArray[Any]) -> Arrays:
        """Returns what the model itself packs of serialized examples, [N]."""
        return self._ask[TRANSFORM_FEATURES]({"examples": examples})

    def by_examples(self, examples: npt.NDArray[Any]) -> Arrays:
        """Returns the answers of `serving_default` to serialized examples, [N]."""
        return self._timed(SERVING_DEFAULT, {"examples": examples})

    def by_columns(self, rows: pa.RecordBatch) -> Arrays:
        """Returns the answers of `predict_columns` to typed rows."""
        return self._timed(PREDICT_COLUMNS, request_columns(rows, self._inputs))

    def by_user(self, rows: pa.RecordBatch) -> Arrays:
        """Returns the answers of `rank` to the rows of `for_one_user`, a request for each user."""
        answers = [
            self._timed(RANK, self._request(rows.slice(start, count)))
            for start, count in user_requests(rows.num_rows)
        ]
        return {name: np.concatenate([part[name] for part in answers]) for name in answers[0]}

    def for_one_user(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Returns rows as `rank` sees them: candidates of a request get its first row's user."""
        first = np.concatenate(
            [np.full(count, start) for start, count in user_requests(rows.num_rows)]
        )
        shared = {column.name for column in self._shared}
        arrays = [
            array.take(pa.array(first)) if name in shared else array
            for name, array in zip(rows.schema.names, rows.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, names=rows.schema.names)

    def _request(self, rows: pa.RecordBatch) -> dict[str, npt.NDArray[Any]]:
        given = request_columns(rows.slice(0, 1), self._shared)
        given |= request_columns(rows, self._each)
        if self._weighted:
            given[SCORE_WEIGHTS] = np.zeros(0, np.float32)  # those of the expression
        return given

    def _timed(self, door: str, given: Arrays) -> Arrays:
        if not self.seconds[door]:
            self._ask[door](dict(given))  # the first answer prepares its graph
        started = time.perf_counter()
        answers: Arrays = self._ask[door](dict(given))
        self.seconds[door] += time.perf_counter() - started
        return answers


def user_requests(rows: int) -> Iterator[tuple[int, int]]:
    """Yields where each request to `rank` starts among so many rows, and how many it takes.

    They have the sizes of the warm-up, from the first again after the last.
    """
    start = 0
    for size in itertools.cycle(SIZES):
        if start >= rows:
            return
        yield start, min(size, rows - start)
        start += size
