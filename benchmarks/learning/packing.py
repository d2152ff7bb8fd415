"""Raw columns to packed tensors in NumPy, as the pipeline's Transform makes them."""

import zlib
from collections.abc import Mapping

import numpy as np

from schemas.features import Categorical, Features, Numeric, Vocabulary
from schemas.layout import Layout

Columns = Mapping[str, np.ndarray]


def pack(
    layout: Layout, features: Features, columns: Columns, taught: np.ndarray
) -> dict[str, np.ndarray]:
    """Returns the packed tensors of all rows, by name, as `schemas.layout` says.

    Args:
        layout: of `features`.
        features: categorical ones have a vocabulary or share one.
        columns: [N] by feature: numbers, NaN if missing; texts, None or "" if missing; or, of a
            sequence, lists of texts.
        taught: bool [N], the rows that vocabularies, quantiles and means are learnt from.
    """
    numbers = {name: f for name, f in features.items() if isinstance(f, Numeric)}
    owned = {
        name: feature.vocabulary
        for name, feature in features.items()
        if isinstance(feature, Categorical) and feature.vocabulary is not None
    }
    known = {
        name: _vocabulary(columns[name][taught], vocabulary) for name, vocabulary in owned.items()
    }
    packed: dict[str, np.ndarray] = {}
    for width, lookups in layout.lookups.items():
        rows = [
            layout.tables[table].offset
            + (
                _bucket_rows(numbers[name], columns[name], taught)
                if name in numbers
                else _rows(columns[name], known[table], owned[table])
            )
            for name, table in lookups
        ]
        packed[layout.ids_name(width)] = np.stack(rows, axis=1)  # [N, F]
    for name, (table, length) in layout.sequences.items():
        texts = np.full((len(taught), length), None, object)
        for row, values in enumerate(columns[name]):
            if values is not None:
                texts[row, : len(values)] = list(values)[:length]
        found = _rows(texts.ravel(), known[table], owned[table])
        packed[layout.sequence_name(name)] = layout.tables[table].offset + found.reshape(-1, length)
    if layout.dense:
        packed[layout.dense_name()] = np.stack(
            [_scaled(numbers[name], columns[name], taught) for name in layout.dense], axis=1
        )  # [N, D]
    return packed


def _texts(values: np.ndarray) -> np.ndarray:
    return np.array(["" if value is None else str(value) for value in values])


def _vocabulary(values: np.ndarray, vocabulary: Vocabulary) -> dict[str, int]:
    """Returns the rank of the texts that are known, the most frequent first."""
    texts, counts = np.unique(_texts(values), return_counts=True)
    kept = (counts >= vocabulary.min_count) & (texts != "")
    # By value where counts are equal, so that the same rows give the same ids.
    order = np.lexsort((texts[kept], -counts[kept]))[: vocabulary.max_size]
    return {str(text): rank for rank, text in enumerate(texts[kept][order])}


def _rows(values: np.ndarray, known: Mapping[str, int], vocabulary: Vocabulary) -> np.ndarray:
    """Returns the row of each text in its table: 0 missing, then unknown, then known ones; [N]."""
    texts, place = np.unique(_texts(values), return_inverse=True)
    first = 1 + vocabulary.oov
    rows = [
        first + known[text] if text in known else 1 + zlib.crc32(text.encode()) % vocabulary.oov
        for text in texts.tolist()
    ]
    return np.where(texts == "", 0, np.array(rows, np.int64))[place]


def _bucket_rows(feature: Numeric, values: np.ndarray, taught: np.ndarray) -> np.ndarray:
    """Returns 0 for a missing number, else 1 + its quantile bucket; [N]."""
    inner = np.linspace(0, 1, (feature.buckets or 0) + 1)[1:-1]
    bucket = 1 + np.searchsorted(np.nanquantile(values[taught], inner), values, side="right")
    return np.where(np.isnan(values), 0, bucket)


def _scaled(feature: Numeric, values: np.ndarray, taught: np.ndarray) -> np.ndarray:
    """Returns (x - mean) / standard deviation, float32 [N], 0 where x is missing."""
    if feature.transform == "log":
        values = np.sign(values) * np.log1p(np.abs(values))
    scaled = (values - np.nanmean(values[taught])) / np.nanstd(values[taught])
    return np.nan_to_num(scaled).astype(np.float32)
