"""Features that a model packs otherwise than training did."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from evaluation.gaps import TOLERANCE, scaled_gaps
from pipeline.parity.found import Difference, Place
from pipeline.parity.training_path import Arrays
from schemas.layout import Layout


class FeatureCheck:
    """Compares slot by slot, over batches.

    Args:
        layout: of the packed tensors.
    """

    def __init__(self, layout: Layout):
        self._places = layout.places()
        self._offsets = _offsets(layout)
        self._found: dict[str, Difference] = {}

    def add(
        self, rows: pa.RecordBatch, trained: Arrays, served: Arrays, places: Sequence[Place]
    ) -> None:
        """Looks at the rows of a batch.

        Args:
            rows: typed, N of them.
            trained: what Transform packs of them.
            served: what the model packs of them.
            places: of the rows.
        """
        for feature, (tensor, slots) in self._places.items():
            left, right = trained[tensor][:, slots], served[tensor][:, slots]
            differing = np.flatnonzero(_differ(left, right))
            if not len(differing):
                continue
            first = int(differing[0])
            offset = self._offsets.get(feature, 0)
            found = self._found.get(feature) or Difference(
                feature,
                0,
                places[first],
                rows.column(feature)[first].as_py(),
                tuple((left[first] - offset).tolist()),
                tuple((right[first] - offset).tolist()),
            )
            self._found[feature] = dataclasses.replace(found, rows=found.rows + len(differing))

    def differences(self) -> tuple[Difference, ...]:
        """Returns the features that differ, in the order of the tensors."""
        return tuple(self._found[name] for name in self._places if name in self._found)


def _offsets(layout: Layout) -> dict[str, int]:
    """Returns where the table of each feature that has one begins."""
    tables = {name: table for lookups in layout.lookups.values() for name, table in lookups}
    tables |= {name: table for name, (table, _) in layout.sequences.items()}
    return {name: layout.tables[table].offset for name, table in tables.items()}


def _differ(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Returns which rows of [N, W] differ in any slot."""
    if np.issubdtype(left.dtype, np.integer):
        return np.any(left != right, axis=1)
    return np.any(scaled_gaps(left, right) > TOLERANCE, axis=1)
