"""Raw columns -> texts, ids, lists of texts, and labels that are 0 or 1.

Files say the same value in many types: 123, 123.0 and "123" are one id. Every rule takes an Arrow
array of any sensible type.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.log_example_gen.arrays import (
    MISSING,
    Complaints,
    Typed,
    blank_to_null,
    complain,
    is_text,
    nulls,
    plain,
)

_EXACT = 2.0**53  # beyond it neighbouring whole numbers are one float: digits would be invented
_LABELS = ("0", "0.0", "false", "1", "1.0", "true")


def text(array: pa.Array) -> Typed:
    """Returns text: whole numbers without a fraction, NaN and "" as missing.

    Raises:
        TypeError: if a row holds a list or a struct.
    """
    array = plain(array)
    kind = array.type
    complaints: Complaints = {}
    if pa.types.is_nested(kind):
        raise TypeError(f"one value a row was expected, but the file holds {kind}")
    if pa.types.is_floating(kind):
        array = _float_text(array)
    elif is_text(kind):
        array, complaints = _decode(array)
    else:
        array = array.cast(pa.string())
        if pa.types.is_decimal(kind):
            array = pc.replace_substring_regex(array, r"\.0+$", "")
    return blank_to_null(array), complaints


def identifier(array: pa.Array) -> Typed:
    """Returns the text of an id, which every row must have.

    A CSV file made from a column of floats says "123.0"; that is the id 123 too.

    Raises:
        TypeError: if a row holds a list or a struct.
    """
    array, complaints = text(array)
    if pc.any(pc.ends_with(array, ".0")).as_py():
        array = pc.replace_substring_regex(array, r"^(-?\d+)\.0$", r"\1")
    missing = nulls(array)
    for mask in complaints.values():
        missing = missing & ~mask
    return array, complain(complaints, MISSING, missing)


def texts(array: pa.Array, separator: str) -> Typed:
    """Returns a list of texts a row; a missing list is empty, a missing element is "".

    Text is parted at `separator`.

    Raises:
        TypeError: if the elements are lists or structs themselves.
    """
    array = plain(array)
    if not pa.types.is_nested(array.type):
        array, complaints = text(array)
        return _rebuild(pc.split_pattern(array, separator), lambda values: values), complaints
    if not hasattr(array, "flatten") or pa.types.is_struct(array.type):
        raise TypeError(f"a list of values a row was expected, but the file holds {array.type}")
    complaints = {}

    def element_texts(elements: pa.Array) -> pa.Array:
        typed, found = text(elements)
        row = np.repeat(np.arange(len(array)), _lengths(array))
        for reason, mask in found.items():
            complaints[reason] = np.isin(np.arange(len(array)), row[mask])
        return typed

    return _rebuild(array, element_texts), complaints


def label(array: pa.Array) -> Typed:
    """Returns int64 0 or 1 from 0, 1, true and false in any type; NaN and "" are missing.

    Raises:
        TypeError: if a row holds a list or a struct.
    """
    array, complaints = text(array)
    where = pc.index_in(pc.ascii_lower(array), value_set=pa.array(_LABELS))
    typed = pc.greater_equal(where, len(_LABELS) // 2).cast(pa.int64())
    return typed, complain(complaints, "not 0 or 1", nulls(typed) & ~nulls(array))


def _decode(array: pa.Array) -> Typed:
    """Reads bytes as UTF-8, complaining of those that are not."""
    try:
        return array.cast(pa.string()), {}
    except pa.ArrowInvalid:
        decoded = pa.array([_utf8(value) for value in array.to_pylist()], pa.string())
        return decoded, complain({}, "not UTF-8", nulls(decoded) & ~nulls(array))


def _utf8(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _float_text(array: pa.Array) -> pa.Array:
    array = pc.if_else(pc.is_nan(array), None, array)
    whole = pc.and_(pc.equal(pc.floor(array), array), pc.less(pc.abs(array), _EXACT))
    digits = pc.if_else(whole, array, None).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(digits, array.cast(pa.string()))


def _lengths(array: pa.Array) -> np.ndarray:
    return np.asarray(pc.list_value_length(array).fill_null(0))


def _rebuild(array: pa.Array, convert: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Rebuilds a list array with converted elements and without nulls."""
    offsets = np.concatenate([[0], np.cumsum(_lengths(array))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, convert(array.flatten()).fill_null(""))
