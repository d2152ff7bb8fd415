"""Raw columns -> numbers: features as float32, amounts to add up as float64."""

import numpy as np
import pyarrow as pa

from components.log_example_gen.arrays import Complaints, Typed, complain, is_text, nulls, plain
from components.log_example_gen.texts import text


def number(array: pa.Array) -> Typed:
    """Returns float32; NaN is missing, infinity stays (it means something to Transform).

    Raises:
        TypeError: if the column holds neither numbers nor their text.
    """
    wide, complaints = float64(array)
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    overflow = np.isinf(narrow) & np.isfinite(wide)
    typed = pa.array(narrow, mask=np.isnan(wide))
    return typed, complain(complaints, "too large for 32 bits", overflow)


def amount(array: pa.Array) -> Typed:
    """Returns float64; NaN is missing, infinity is refused: it would swallow every sum.

    Raises:
        TypeError: if the column holds neither numbers nor their text.
    """
    wide, complaints = float64(array)
    return pa.array(wide, mask=np.isnan(wide)), complain(complaints, "infinite", np.isinf(wide))


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
