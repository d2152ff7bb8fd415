"""One raw column -> one typed column, and which of its values are no such thing.

Files say the same value in many types: 123, 123.0 and "123" are one id. Every rule takes an Arrow
array of any sensible type and returns the typed array, with null for a missing value, and a mask
for each complaint.
"""

import datetime
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Complaint -> bool [rows], True where the row has it.
Complaints = dict[str, np.ndarray]
Typed = tuple[pa.Array, Complaints]

MISSING = "missing"
_MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_EARLIEST, _LATEST = (
    int(datetime.datetime(year, 1, 1, tzinfo=datetime.UTC).timestamp()) * 1_000_000
    for year in (2000, 2100)
)


def text(array: pa.Array) -> Typed:
    """Returns text; whole numbers without a fraction, NaN and "" as missing."""
    array = _plain(array)
    kind = array.type
    complaints: Complaints = {}
    if pa.types.is_floating(kind):
        array = _float_text(array)
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        array, complaints = _decode(array)
    elif pa.types.is_nested(kind):
        raise TypeError(f"one text a row was expected, the file holds {kind}")
    else:
        array = array.cast(pa.string())
        if pa.types.is_decimal(kind):
            array = pc.replace_substring_regex(array, r"\.0+$", "")
    return _blank_to_null(array), complaints


def identifier(array: pa.Array) -> Typed:
    """Returns the text of an id, which every row must have.

    A CSV file of floats says "123.0"; that is the id 123 too.
    """
    array, complaints = text(array)
    if _any(pc.ends_with(array, ".0")):
        array = pc.replace_substring_regex(array, r"^(-?\d+)\.0$", r"\1")
    return array, _with(complaints, MISSING, _nulls(array))


def texts(array: pa.Array, separator: str) -> Typed:
    """Returns a list of texts a row; a missing list is empty, a missing element is "".

    Text is parted at `separator`.
    """
    array = _plain(array)
    kind = array.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or _is_fixed_list(kind)):
        array, complaints = text(array)
        return _lists(pc.split_pattern(array, separator), lambda values: values), complaints
    bad = np.zeros(len(array), bool)

    def element_texts(values: pa.Array) -> pa.Array:
        typed, found = text(values)
        parents = np.repeat(np.arange(len(array)), _lengths(array))
        for mask in found.values():
            bad[parents[mask]] = True
        return typed

    return _lists(array, element_texts), _with({}, "not UTF-8", bad)


def number(array: pa.Array) -> Typed:
    """Returns float32; NaN is missing, infinity stays."""
    wide, complaints = _float64(array)
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    overflow = np.isinf(narrow) & np.isfinite(wide)
    typed = pa.array(narrow, mask=np.isnan(wide))
    return typed, _with(complaints, "beyond 32 bit floats", overflow)


def amount(array: pa.Array) -> Typed:
    """Returns float64, for sums; NaN is missing, infinity is refused."""
    values, complaints = _float64(array)
    return pa.array(values, mask=np.isnan(values)), _with(
        complaints, "infinite", np.isinf(values)
    )


def label(array: pa.Array) -> Typed:
    """Returns 0 or 1 from 0, 1, true and false in any type; NaN and "" are missing."""
    array, complaints = text(array)
    said = pa.array(["0", "0.0", "false", "1", "1.0", "true"])
    where = pc.index_in(pc.ascii_lower(array), value_set=said)
    typed = pc.greater_equal(where, 3).cast(pa.int64())
    return typed, _with(complaints, "not 0 or 1", _nulls(typed) & ~_nulls(array))


def micros(array: pa.Array, unit: str) -> Typed:
    """Returns microseconds since 1970 UTC, which every row must have, from 2000 until 2100.

    Args:
        array: numbers or their text; for unit iso, ISO 8601 text. A column of Arrow timestamps or
            dates is what it is, whatever the unit.
        unit: s, ms, us or iso.
    """
    array = _plain(array)
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        typed, complaints = array.cast(pa.timestamp("us")).cast(pa.int64()), {}
    elif unit == "iso":
        typed, complaints = _iso_micros(array)
    else:
        values, complaints = _float64(array)
        values = np.round(values * _MICROS[unit])
        missing = _missing(array)
        nan = np.isnan(values) & ~missing
        complaints = {"not a number": nan} if nan.any() else {}
        values = np.clip(np.where(np.isnan(values), 0, values), -1, _LATEST)  # fits 64 bits
        typed = pa.array(values.astype(np.int64), mask=missing | nan)
    complaints = _with(complaints, MISSING, _missing(array))
    when = typed.fill_null(_EARLIEST).to_numpy(zero_copy_only=False)
    outside = (when < _EARLIEST) | (when >= _LATEST)
    return typed, _with(complaints, "outside 2000 to 2100", outside)


def _plain(array: pa.Array) -> pa.Array:
    """Undoes dictionary encoding; a column without any value becomes text."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _with(complaints: Complaints, reason: str, mask: np.ndarray) -> Complaints:
    return {**complaints, reason: mask} if mask.any() else complaints


def _any(mask: pa.Array) -> bool:
    return bool(pc.any(mask).as_py())


def _nulls(array: pa.Array) -> np.ndarray:
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False), bool)


def _missing(array: pa.Array) -> np.ndarray:
    if _is_text(array.type):
        array = _blank_to_null(array)
    return _nulls(array)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_fixed_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_fixed_size_list(kind))


def _blank_to_null(array: pa.Array) -> pa.Array:
    blank = pc.equal(array, "")
    return pc.if_else(blank, None, array) if _any(blank) else array


def _decode(array: pa.Array) -> Typed:
    """Reads bytes as UTF-8, complaining of those that are not."""
    try:
        return array.cast(pa.string()), {}
    except pa.ArrowInvalid:
        values = [_utf8(value) for value in array.to_pylist()]
        decoded = pa.array(values, pa.string())
        return decoded, _with({}, "not UTF-8", _nulls(decoded) & ~_nulls(array))


def _utf8(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _float_text(array: pa.Array) -> pa.Array:
    array = pc.if_else(pc.is_nan(array), None, array)
    # Beyond 2^53 neighbouring whole numbers are one float: the digits would be invented.
    whole = pc.and_(pc.equal(pc.floor(array), array), pc.less(pc.abs(array), 2.0**53))
    digits = pc.if_else(whole, array, None).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(digits, array.cast(pa.string()))


def _lengths(array: pa.Array) -> np.ndarray:
    return pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)


def _lists(array: pa.Array, convert: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Rebuilds a list array with converted elements and without nulls."""
    offsets = np.concatenate([[0], np.cumsum(_lengths(array))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, convert(array.flatten()).fill_null(""))


def _float64(array: pa.Array) -> tuple[np.ndarray, Complaints]:
    """Returns float64 with NaN for missing."""
    array = _plain(array)
    kind = array.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or _is_text(kind):
        return _parsed(*text(array))
    if pa.types.is_boolean(kind):
        array = array.cast(pa.uint8())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or _is_decimal(kind)):
        raise TypeError(f"numbers were expected, the file holds {kind}")
    wide = array.cast(pa.float64(), safe=False)
    return wide.to_numpy(zero_copy_only=False), {}


def _is_decimal(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(kind))


def _parsed(array: pa.Array, complaints: Complaints) -> tuple[np.ndarray, Complaints]:
    try:
        return array.cast(pa.float64()).to_numpy(zero_copy_only=False), complaints
    except pa.ArrowInvalid:
        # Some value is no number, or one that Arrow does not know (" 1", "+1"). Python judges
        # each distinct text once.
        coded = array.dictionary_encode()
        known = [_float(value) for value in coded.dictionary.to_pylist()]
        parsed = pa.array(known, pa.float64()).take(coded.indices)
        bad = _nulls(parsed) & ~_nulls(array)
        return parsed.to_numpy(zero_copy_only=False), _with(complaints, "not a number", bad)


def _float(value: str) -> float | None:
    try:
        return float(value) if "_" not in value else None
    except ValueError:
        return None


def _iso_micros(array: pa.Array) -> Typed:
    array, complaints = text(array)
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
        try:
            return array.cast(kind).cast(pa.int64()), complaints
        except pa.ArrowInvalid:
            continue  # zones in some rows only, or a spelling that Arrow does not know
    parsed = pa.array([_iso(value) for value in array.to_pylist()], pa.int64())
    bad = _nulls(parsed) & ~_nulls(array)
    return parsed, _with(complaints, "not an ISO 8601 time", bad)


def _iso(value: str | None) -> int | None:
    try:
        when = datetime.datetime.fromisoformat(value) if value else None
    except ValueError:
        return None
    if when is None:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (when - epoch) // datetime.timedelta(microseconds=1)
