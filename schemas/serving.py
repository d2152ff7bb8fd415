"""What a served model may cost, and what it was measured to cost before it was pushed."""

import decimal
import re
from typing import Annotated

import pydantic

from schemas.strict import Strict

_MILLISECONDS = {"ms": 0, "s": 3}  # powers of ten
_BYTES = {"kB": 3, "MB": 6, "GB": 9}


def parse_time(text: object) -> float:
    """Returns the seconds in a time such as `50ms`, `0.5ms` or `10s`.

    Raises:
        ValueError: if `text` is not a number above 0 followed by ms or s.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s)", str(text).strip())
    seconds = float(decimal.Decimal(match[1]).scaleb(_MILLISECONDS[match[2]] - 3)) if match else 0.0
    if not seconds > 0:
        raise ValueError(
            f"a time is a number above 0 and a unit, ms or s, as in 50ms or 10s. Received: {text!r}"
        )
    return seconds


def time_text(seconds: float) -> str:
    """Returns the text of a time, from which `parse_time` makes the very same float."""
    return f"{decimal.Decimal(repr(seconds)).scaleb(3).normalize():f}ms"


def parse_size(text: object) -> int:
    """Returns the bytes in a size such as `512 MB` or `1.5 GB`: powers of 1,000.

    Raises:
        ValueError: if `text` is not a number above 0 followed by kB, MB or GB.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(kB|MB|GB)", str(text).strip())
    size = int(decimal.Decimal(match[1]).scaleb(_BYTES[match[2]])) if match else 0
    if size < 1:
        raise ValueError(
            "a size is a number above 0 and a unit, kB, MB or GB, as in 512 MB or 1.5 GB. "
            f"Received: {text!r}"
        )
    return size


def size_text(size: int) -> str:
    """Returns the text of a size, from which `parse_size` makes the very same number."""
    return f"{decimal.Decimal(size).scaleb(-6).normalize():f} MB"


_Time = Annotated[
    float,
    pydantic.BeforeValidator(parse_time),
    pydantic.PlainSerializer(time_text, return_type=str),
    pydantic.WithJsonSchema({"type": "string"}),
]
_Size = Annotated[
    int,
    pydantic.BeforeValidator(parse_size),
    pydantic.PlainSerializer(size_text, return_type=str),
    pydantic.WithJsonSchema({"type": "string"}),
]


class ServingConfig(Strict):
    """What answering may cost on the machine that runs the pipeline, before a model is pushed.

    A budget that is not given is not held; what answering costs is measured and told all the same.

    Attributes:
        items: the candidates of the request to `rank` that is timed.
        warm: the most that the median of such requests may take once the first is answered.
        cold: the most that loading the model and answering the first may take together.
        memory: the most that the process which serves may hold above TensorFlow's own, at its
            peak.
    """

    items: Annotated[int, pydantic.Field(ge=1, le=100_000)] = 500
    warm: _Time | None = None
    cold: _Time | None = None
    memory: _Size | None = None


class DoorSpeed(Strict):
    """How long one door took over requests of the same rows, one after another, in seconds.

    Attributes:
        first: the first of them, which no other had preceded.
        p50: the median of those after it.
        p95: their 95th percentile.
        p99: their 99th percentile; of fewer than 100 requests, nearly the slowest.
        requests: how many came after the first.
    """

    first: float
    p50: float
    p95: float
    p99: float
    requests: int


class ServingReport(Strict):
    """What ServingCheck measured: `serving.json` in the artifact of its blessing.

    Measured by TensorFlow alone, on the CPU, with one thread.

    Attributes:
        load: seconds in which the model was loaded.
        memory: bytes that the process held at its peak above what TensorFlow alone held.
        doors: how long each of them took, by name.
        budget: what was allowed, and how many candidates a request had.
    """

    load: float
    memory: int
    doors: dict[str, DoorSpeed]
    budget: ServingConfig
