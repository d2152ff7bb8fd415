"""What the rules for texts, numbers and times share: typed columns and complaints about values."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Complaint -> bool [rows], True where the row has it.
Complaints = dict[str, np.ndarray]
# A typed array, null where a value is missing, and the complaints about its rows.
Typed = tuple[pa.Array, Complaints]

MISSING = "missing"


def complain(complaints: Complaints, reason: str, mask: np.ndarray) -> Complaints:
    """Returns the complaints and one more, if `mask` (bool [rows]) is true anywhere."""
    return {**complaints, reason: mask} if mask.any() else complaints


def nulls(array: pa.Array) -> np.ndarray:
    """Returns bool [rows], True where `array` is null."""
    if array.null_count == 0:
        return np.zeros(len(array), bool)
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False), bool)


def plain(array: pa.Array) -> pa.Array:
    """Undoes dictionary encoding; a column without a single value becomes text.

    Bytes of a fixed length become bytes of any.
    """
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_fixed_size_binary(array.type):
        array = array.cast(pa.binary())
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def blank_to_null(array: pa.Array) -> pa.Array:
    """Returns text with "" as null."""
    blank = pc.equal(array, "")
    return pc.if_else(blank, None, array) if pc.any(blank).as_py() else array


def absent(array: pa.Array) -> np.ndarray:
    """Returns bool [rows], True where a column of any type has no value: null or "".

    Bytes that are no UTF-8 are there, if unreadable.
    """
    array = plain(array)
    return nulls(array) | (nulls(blank_to_null(array)) if is_text(array.type) else False)


def is_text(kind: pa.DataType) -> bool:
    """Returns whether values of this type are written as text: strings and bytes."""
    return any(
        check(kind)
        for check in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )
