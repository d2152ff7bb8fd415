"""How far the values of two samples are from each other: TFDV's comparators.

Of texts TFDV compares the shares of values. Of numbers it compares histograms, whose bins follow
each sample: one outlier moves them all, and two samples of one long-tailed distribution are then up
to 0.9 apart. So numbers become ranges first, between quantiles of what they are compared with, and
TFDV takes the Jensen-Shannon divergence of the shares of those.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.data_report.chance import beyond_chance
from components.data_report.ranges import Ranges
from components.data_report.report import JENSEN_SHANNON, L_INFINITY, Distance
from schemas.columns import Column

Against = Literal["drift", "skew"]
# TFDV compares the commonest values: more than a sample may hold, so that none is left out.
_VALUES = 1_000_000
_LISTS = pa.large_list(pa.large_binary())
_SHOWN = 40


def distances(
    sample: pa.Table, other: pa.Table, columns: Sequence[Column], against: Against
) -> dict[str, Distance]:
    """Returns the distance of each column that has values in both samples.

    Args:
        sample: columns of lists.
        other: what it is compared with.
        columns: those that both samples have.
        against: whether the other one is earlier, or was served.
    """
    ours, theirs = {}, {}
    names: dict[str, Callable[[bytes], str]] = {}
    for column in columns:
        name = column.name
        if column.type == "text":
            ours[name], theirs[name], names[name] = sample[name], other[name], _shown
        else:
            ranges = Ranges.of(numbers(other[name]))
            ours[name], theirs[name] = (_as_texts(of[name], ranges) for of in (sample, other))
            names[name] = ranges.name_of
    measures = {
        column.name: L_INFINITY if column.type == "text" else JENSEN_SHANNON
        for column in columns
        if all(len(pc.list_flatten(of[column.name])) for of in (ours, theirs))
    }
    return {
        name: Distance(
            measure=measures[name],
            distance=distance,
            **_moved(ours[name], theirs[name], names[name]),
        )
        for name, distance in _measure(ours, theirs, measures, against).items()
    }


def numbers(values: pa.ChunkedArray) -> np.ndarray:
    """Returns the finite numbers, float64 [values], of a column of lists."""
    found = np.asarray(pc.list_flatten(values).combine_chunks(), np.float64)
    return found[np.isfinite(found)]


def _measure(
    ours: Mapping[str, pa.Array],
    theirs: Mapping[str, pa.Array],
    measures: Mapping[str, str],
    against: Against,
) -> dict[str, float]:
    """Returns the distances that TFDV finds, which are those of columns with values in both."""
    schema = schema_pb2.Schema()
    for name, measure in measures.items():
        feature = schema.feature.add(name=name, type=schema_pb2.BYTES)
        comparator = getattr(feature, f"{against}_comparator")
        # TFDV measures where there is a threshold; what is too far is said elsewhere.
        if measure == L_INFINITY:
            comparator.infinity_norm.threshold = 1.0
        else:
            comparator.jensen_shannon_divergence.threshold = 1.0
    given = {"previous_statistics" if against == "drift" else "serving_statistics": _stats(theirs)}
    anomalies = tfdv.validate_statistics(_stats(ours), schema, **given)
    return {
        info.path.step[0]: measured.value
        for info in anomalies.drift_skew_info
        for measured in getattr(info, f"{against}_measurements")
    }


def _stats(columns: Mapping[str, pa.Array]) -> statistics_pb2.DatasetFeatureStatisticsList:
    [batch] = pa.table(dict(columns)).combine_chunks().to_batches()
    options = tfdv.StatsOptions(num_rank_histogram_buckets=_VALUES)
    return stats_impl.generate_statistics_in_memory(batch, options)


def _as_texts(values: pa.ChunkedArray, ranges: Ranges) -> pa.Array:
    """Returns the range of every number as lists of one text, then a missing one a row without."""
    texts = pa.array(ranges.find(numbers(values))).cast(pa.string()).cast(pa.large_binary())
    offsets = np.minimum(np.arange(len(values) + 1), len(texts))
    lists = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), texts)
    present = pa.array(np.arange(len(values)) < len(texts))
    return pc.if_else(present, lists, pa.scalar(None, _LISTS))


def _moved(
    ours: pa.Array, theirs: pa.Array, name: Callable[[bytes], str]
) -> dict[str, str | float | bool]:
    """Returns the value whose share differs most, its shares, and whether that is no chance."""
    (now, rows), (earlier, other_rows) = _shares(ours), _shares(theirs)
    value = max(
        sorted({*now, *earlier}), key=lambda text: abs(now.get(text, 0.0) - earlier.get(text, 0.0))
    )
    share, other = now.get(value, 0.0), earlier.get(value, 0.0)
    sure = beyond_chance(share, rows, other, other_rows)
    return {"value": name(value), "share": share, "other_share": other, "sure": sure}


def _shares(values: pa.Array) -> tuple[dict[bytes, float], int]:
    found = pc.list_flatten(values)
    counted = pc.value_counts(found)
    texts, counts = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    return {text: n / len(found) for text, n in zip(texts, counts, strict=True)}, len(found)


def _shown(text: bytes) -> str:
    return repr(text.decode(errors="replace")[:_SHOWN])
