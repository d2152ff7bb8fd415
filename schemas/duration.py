"""Durations as people write them: `30m`, `1h`, `3d`."""

import re
from typing import Annotated

import pydantic

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_seconds(text: str | int) -> int:
    """Returns the seconds in a duration such as `90s`, `30m`, `1h` or `3d`.

    Raises:
        ValueError: if `text` is not a whole number followed by s, m, h or d.
    """
    match = re.fullmatch(r"(\d+)\s*([smhd])", str(text).strip())
    if match is None:
        raise ValueError(
            f"a duration is a whole number and a unit, s, m, h or d, as in 30m or 3d. "
            f"Received: {text!r}"
        )
    return int(match[1]) * _SECONDS[match[2]]


Seconds = Annotated[
    int,
    pydantic.BeforeValidator(parse_seconds),
    pydantic.PlainSerializer(lambda seconds: f"{seconds}s", return_type=str),
    pydantic.WithJsonSchema({"type": "string"}),
]
