"""Rows to judge: what was foreseen, what came true, and which rows belong together."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Rows are spread over so many parts by their user; intervals come from leaving one part out.
FOLDS = 20


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows of one output that count: of its population, with a label that is known.

    All rows of a user, and so of a request, must be in one `Rows`: what is measured user by user
    is measured at once, and only sums stay.

    Attributes:
        label: [N], 0 or 1; of a value, the value.
        weight: [N], at least 0; a row of weight 0 does not count.
        predictions: [N] by model.
        fold: [N], 0 to FOLDS - 1, the same for all rows of a user.
        user: [N], a hash of whose impression it was; None where that is not known.
        request: [N], a hash of with which it was shown; None where that is not known.

    Raises:
        ValueError: if lengths differ, a fold does not exist, a label is not finite, or a weight is
            not finite or negative.
    """

    label: Floats
    weight: Floats
    predictions: Mapping[str, Floats]
    fold: Ints
    user: Ints | None = None
    request: Ints | None = None

    def __post_init__(self) -> None:
        columns = {"label": self.label, "weight": self.weight, "fold": self.fold}
        columns |= {f"prediction of {name}": part for name, part in self.predictions.items()}
        columns |= {
            name: part
            for name, part in (("user", self.user), ("request", self.request))
            if part is not None
        }
        shapes = {name: column.shape for name, column in columns.items()}
        if len(set(shapes.values())) > 1 or self.label.ndim != 1:
            raise ValueError(f"columns must be [N] and of one length. Received: {shapes}")
        if not np.isfinite(self.label).all():
            raise ValueError("labels must be finite: leave rows without a label out")
        if not (np.isfinite(self.weight) & (self.weight >= 0)).all():
            raise ValueError(f"weights must be at least 0. Received: {self.weight.min()}")
        if self.size and not 0 <= self.fold.min() <= self.fold.max() < FOLDS:
            ends = f"{self.fold.min()} to {self.fold.max()}"
            raise ValueError(f"folds go from 0 to {FOLDS - 1}. Received: {ends}")

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.label)

    def where(self, kept: npt.NDArray[np.bool_]) -> "Rows":
        """Returns the rows where `kept`, bool [N], is true."""
        return Rows(
            self.label[kept],
            self.weight[kept],
            {name: column[kept] for name, column in self.predictions.items()},
            self.fold[kept],
            None if self.user is None else self.user[kept],
            None if self.request is None else self.request[kept],
        )


def summed(part: Floats, place: Ints, places: int) -> Floats:
    """Returns the sums of `part`, [N], at each of so many places, of which row n is at place[n]."""
    return np.bincount(place, part, places).astype(np.float64)


def concatenate(first: Rows, second: Rows) -> Rows:
    """Returns the rows of both, which have the same models and columns; a copy."""
    return Rows(
        np.concatenate([first.label, second.label]),
        np.concatenate([first.weight, second.weight]),
        {
            name: np.concatenate([column, second.predictions[name]])
            for name, column in first.predictions.items()
        },
        np.concatenate([first.fold, second.fold]),
        _both(first.user, second.user),
        _both(first.request, second.request),
    )


def _both(first: Ints | None, second: Ints | None) -> Ints | None:
    return None if first is None or second is None else np.concatenate([first, second])
