"""Raw columns -> microseconds since 1970, UTC."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.log_example_gen.arrays import (
    MISSING,
    Complaints,
    Typed,
    absent,
    complain,
    nulls,
    plain,
)
from components.log_example_gen.numeric import float64
from components.log_example_gen.texts import text

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
_EARLIEST, _LATEST = (
    (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) - _EPOCH) // _MICROSECOND
    for year in (1990, 2100)
)
_FACTORS = {"s": 1_000_000, "ms": 1_000, "us": 1}


def micros(array: pa.Array, unit: str) -> Typed:
    """Returns int64 microseconds, which every row must have, from 1990 until before 2100.

    Outside that range a time is taken for a wrong unit.

    Args:
        array: numbers or their text; for unit iso, ISO 8601 text, UTC where it names no zone. A
            column of Arrow timestamps or dates is what it is, whatever the unit.
        unit: s, ms, us or iso.

    Raises:
        TypeError: if the column holds none of these.
    """
    array = plain(array)
    no_complaints: Complaints = {}
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        typed, complaints = _from_arrow(array), no_complaints
    elif unit == "iso":
        typed, complaints = _from_iso(array)
    else:
        typed, complaints = _from_number(array, unit)
    when = np.asarray(typed.fill_null(_EARLIEST))
    outside = (when < _EARLIEST) | (when >= _LATEST)
    complaints = complain(complaints, MISSING, absent(array))
    return typed, complain(complaints, "outside 1990 to 2100", outside)


def _from_arrow(array: pa.Array) -> pa.Array:
    seconds, stamps = (
        array.cast(
            options=pc.CastOptions(
                pa.timestamp(unit), allow_time_truncate=True, allow_time_overflow=True
            )
        ).cast(pa.int64())
        for unit in ("s", "us")
    )
    # Microseconds wrap around where the time is further away than they reach; seconds do not.
    far = pc.or_(pc.less(seconds, 0), pc.greater(seconds, _LATEST // _FACTORS["s"]))
    return pc.if_else(far, _LATEST, stamps)


def _from_number(array: pa.Array, unit: str) -> Typed:
    values, _ = float64(array)
    bad = np.isnan(values)
    complaints = complain({}, "not a number", bad & ~absent(array))
    # Whole microseconds are exact in float64 until the year 2255. Clipped, any float fits int64.
    values = np.clip(np.round(np.where(bad, 0, values) * _FACTORS[unit]), -1, _LATEST)
    return pa.array(values.astype(np.int64), mask=bad), complaints


def _from_iso(array: pa.Array) -> Typed:
    array, complaints = text(array)
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
        try:
            return array.cast(kind).cast(pa.int64()), complaints
        except pa.ArrowInvalid:
            continue  # a zone in some rows only, or a spelling that Arrow does not know
    parsed = pa.array([_parse(value) for value in array.to_pylist()], pa.int64())
    bad = nulls(parsed) & ~nulls(array)
    return parsed, complain(complaints, "not an ISO 8601 time", bad)


def _parse(value: str | None) -> int | None:
    try:
        when = datetime.datetime.fromisoformat(value) if value else None
    except ValueError:
        return None
    if when is None:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
    return (when - _EPOCH) // _MICROSECOND
