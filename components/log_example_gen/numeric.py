"""Raw columns -> numbers: features as float32, amounts to add up as float64."""

import numpy as np
import pyarrow as pa

from components.log_example_gen.arrays import (
    Complaints,
    Typed,
    absent,
    complain,
    is_text,
    nulls,
    plain,
)
from components.log_example_gen.texts import text


def number(array: pa.Array) -> Typed:
    """Returns float32; NaN and infinity are refused: a missing number is null or "".

    Raises:
        TypeError: if the column holds neither numbers nor their text.
    """
    wide, complaints = finite64(array)
    values = wide.fill_null(0).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    overflow = np.isinf(narrow) & np.isfinite(values)
    typed = pa.array(narrow, mask=nulls(wide))
    return typed, complain(complaints, "too large for 32 bits", overflow)


def amount(array: pa.Array) -> Typed:
    """Returns float64, to add up; NaN and infinity are refused: they would swallow every sum.

    Raises:
        TypeError: if the column holds neither numbers nor their text.
    """
    return finite64(array)


def finite64(array: pa.Array) -> Typed:
    """Returns float64, null where a number is missing or refused.

    Raises:
        TypeError: if the column holds neither numbers nor their text.
    """
    values, complaints = float64(array)
    missing = absent(array)
    unparsed = np.zeros(len(values), bool)
    for mask in complaints.values():
        unparsed |= mask
    complaints = complain(complaints, "NaN", np.isnan(values) & ~missing & ~unparsed)
    complaints = complain(complaints, "infinite", np.isinf(values))
    return pa.array(values, mask=~np.isfinite(values)), complaints


def float64(array: pa.Array) -> tuple[np.ndarray, Complaints]:
    """Returns float64 [rows], NaN where a value is missing or is no number.

    Raises:
        TypeError: if the column holds neither numbers nor their text.
    """
    array = plain(array)
    kind = array.type
    if is_text(kind):
        return _parse(*text(array))
    if pa.types.is_boolean(kind):
        array = array.cast(pa.uint8())
    elif not any(
        check(kind) for check in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    ):
        raise TypeError(f"a number a row was expected, but the file holds {kind}")
    return array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), {}


def _parse(array: pa.Array, complaints: Complaints) -> tuple[np.ndarray, Complaints]:
    try:
        return array.cast(pa.float64()).to_numpy(zero_copy_only=False), complaints
    except pa.ArrowInvalid:
        # Some text is no number, or one that Arrow does not know (" 1", "+1"). Python judges
        # each distinct text once.
        coded = array.dictionary_encode()
        known = pa.array([_float(value) for value in coded.dictionary.to_pylist()], pa.float64())
        parsed = known.take(coded.indices)
        bad = nulls(parsed) & ~nulls(array)
        return parsed.to_numpy(zero_copy_only=False), complain(complaints, "not a number", bad)


def _float(value: str) -> float | None:
    try:
        return float(value) if "_" not in value else None
    except ValueError:
        return None
