"""One model, batch by batch: what training makes of the rows, beside what each door answers."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from evaluation.gaps import TOLERANCE
from evaluation.score import score_values
from models.spec import ModelSpec
from pipeline.log_rows import request_columns
from pipeline.parity.doors import Doors, user_requests
from pipeline.parity.features import FeatureCheck
from pipeline.parity.found import Difference, DoorParity, Place
from pipeline.parity.gaps import SCORE_TOLERANCE, Gaps
from pipeline.parity.training_path import Arrays, TrainingPath
from schemas.doors import PREDICT_COLUMNS, RANK, SCORE, SERVING_DEFAULT
from schemas.heads import outputs


class Check:
    """Gathers what is found of a model.

    Attributes:
        rows: how many were compared so far.

    Args:
        spec: what it was made from.
        path: that its training rows took.
        doors: its own.
    """

    def __init__(self, spec: ModelSpec, path: TrainingPath, doors: Doors):
        self.rows = 0
        self._spec = spec
        self._path = path
        self._doors = doors
        self._features = FeatureCheck(spec.layout())
        self._gaps = {door: Gaps() for door in self._doors.names}

    def add(self, rows: pa.RecordBatch, places: Sequence[Place]) -> None:
        """Compares typed rows; `places` says where each of them stands."""
        self.rows += rows.num_rows
        examples = self._path.examples(rows)
        packed = self._path.packed(examples)
        self._features.add(rows, packed, self._doors.features(examples), places)
        trained = self._path.answers(packed)
        self._add(SERVING_DEFAULT, rows, self._doors.by_examples(examples), trained, places)
        self._add(PREDICT_COLUMNS, rows, self._doors.by_columns(rows), trained, places)
        if RANK in self._gaps:
            ranked = self._doors.for_one_user(rows)
            trained = self._path.answers(self._path.packed(self._path.examples(ranked)))
            self._add(RANK, ranked, self._doors.by_user(ranked), trained, _with_users(places))

    def _add(
        self,
        door: str,
        rows: pa.RecordBatch,
        answered: Arrays,
        trained: Arrays,
        places: Sequence[Place],
    ) -> None:
        heads = {output.name: trained[output.name] for output in outputs(self._spec.heads)}
        gaps = self._gaps[door]
        gaps.add(answered, heads, places, TOLERANCE)
        if self._spec.score is not None:
            # No training knows it. From the door's own heads: their gaps are looked at already.
            score = self._score(self._spec.score, rows, answered)
            gaps.add(answered, {SCORE: score}, places, SCORE_TOLERANCE)

    def _score(
        self, expression: str, rows: pa.RecordBatch, answered: Arrays
    ) -> npt.NDArray[np.floating]:
        """Returns an expression's values, [N]; where there is none, what was answered."""
        numbers = [column for column in self._spec.inputs() if column.type == "float"]
        values = {
            name: np.nan_to_num(found, nan=0.0)
            for name, found in request_columns(rows, numbers).items()
        }
        wanted = score_values(expression, {**values, **answered})
        return np.where(np.isfinite(wanted), wanted, answered[SCORE])

    def doors(self) -> tuple[DoorParity, ...]:
        """Returns what was found of each door so far."""
        return tuple(
            DoorParity(door, self._doors.seconds[door], tuple(gaps.largest.values()))
            for door, gaps in self._gaps.items()
        )

    def features(self) -> tuple[Difference, ...]:
        """Returns the features that differ so far."""
        return self._features.differences()


def _with_users(places: Sequence[Place]) -> list[Place]:
    """Returns the places of rows as `rank` sees them: with the user of a request's first row."""
    return [
        dataclasses.replace(place, user=places[start].id)
        for start, count in user_requests(len(places))
        for place in places[start : start + count]
    ]
