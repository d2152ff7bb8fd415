"""How many values of a feature its vocabulary does not know."""

from collections.abc import Mapping

import numpy as np

from models.sample import Packed
from schemas.features import Categorical, Features
from schemas.layout import Layout, Table


def unseen(
    features: Features, layout: Layout, splits: Mapping[str, Packed]
) -> dict[str, dict[str, float | None]]:
    """Returns by feature with a vocabulary, and split, the share of values that are not in it.

    Features that share the table of such a one count, a sequence by its elements. A missing value
    is none; None where there are no others.

    Args:
        features: the model's inputs.
        layout: of the packed tensors.
        splits: rows by the name of their split: packed tensors [N, ...] by name.
    """
    found: dict[str, dict[str, float | None]] = {}
    for part in filter(None, (layout, layout.position)):
        for name, (tensor, columns) in part.places().items():
            table = getattr(features[name], "shares", None) or name
            owner = features[table]
            if isinstance(owner, Categorical) and owner.vocabulary is not None:
                oov = owner.vocabulary.oov
                found[name] = {
                    split: _share(rows[tensor][:, columns], part.tables[table], oov)
                    for split, rows in splits.items()
                }
    return found


def _share(ids: np.ndarray, table: Table, oov: int) -> float | None:
    rows = ids - table.offset
    values = np.count_nonzero(rows > 0)
    return round(np.count_nonzero((rows > 0) & (rows <= oov)) / values, 6) if values else None
