"""Raw columns to packed tensors in NumPy: what the pipeline's Transform does, for rows in memory.

Vocabularies, quantiles, means and deviations are learnt on the first part of the rows, the training
part, and used on all of them.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from schemas.features import Categorical, Features, Numeric
from schemas.layout import Layout

Columns = Mapping[str, np.ndarray]


def pack(
    layout: Layout, features: Features, columns: Columns, taught: int
) -> dict[str, np.ndarray]:
    """Returns the packed tensors of all rows, by name, as `schemas.layout` says.

    Args:
        layout: of `features`.
        features: categorical with a vocabulary or a shared one, or numeric.
        columns: [N] by feature; a missing text is None, a missing number NaN.
        taught: how many rows, from the first, are the training part.
    """
    known: dict[str, dict[str, int]] = {}
    for name, feature in features.items():
        if isinstance(feature, Categorical) and feature.vocabulary is not None:
            vocabulary = feature.vocabulary
            seen = Counter(value for value in columns[name][:taught] if value is not None)
            # By value where counts are equal, so that the same rows give the same ids.
            kept = sorted(seen.items(), key=lambda found: (-found[1], found[0]))
            kept = [found for found in kept if found[1] >= vocabulary.min_count]
            first = 1 + vocabulary.oov
            known[name] = {
                value: first + place for place, (value, _) in enumerate(kept[: vocabulary.max_size])
            }
    numbers = {name: f for name, f in features.items() if isinstance(f, Numeric)}
    packed: dict[str, np.ndarray] = {}
    for width, lookups in layout.lookups.items():
        rows = []
        for name, table in lookups:
            found = (
                _bucket_rows(numbers[name], columns[name], taught)
                if name in numbers
                else _rows(columns[name], known[table])
            )
            rows.append(layout.tables[table].offset + found)
        packed[layout.ids_name(width)] = np.stack(rows, axis=1)  # [N, F]
    if layout.dense:
        packed[layout.dense_name()] = np.stack(
            [_scaled(numbers[name], columns[name], taught) for name in layout.dense], axis=1
        )  # [N, D]
    return packed


def _rows(values: np.ndarray, known: Mapping[str, int]) -> np.ndarray:
    """Returns 0 for a missing value, 1 for an unknown one, else its row in the table; [N]."""
    rows = [0 if value is None else known.get(value, 1) for value in values]
    return np.array(rows, np.int64)


def _bucket_rows(feature: Numeric, values: np.ndarray, taught: int) -> np.ndarray:
    """Returns 0 for a missing number, else 1 + its quantile bucket; [N]."""
    inner = np.linspace(0, 1, (feature.buckets or 0) + 1)[1:-1]
    boundaries = np.nanquantile(values[:taught], inner)
    bucket = 1 + np.searchsorted(boundaries, values, side="right")
    return np.where(np.isnan(values), 0, bucket)


def _scaled(feature: Numeric, values: np.ndarray, taught: int) -> np.ndarray:
    """Returns (x - mean) / standard deviation, float32 [N], 0 where x is missing."""
    if feature.transform == "log":
        values = np.sign(values) * np.log1p(np.abs(values))
    scaled = (values - np.nanmean(values[:taught])) / np.nanstd(values[:taught])
    return np.nan_to_num(scaled).astype(np.float32)
