"""Which lines of a block are JSON objects, and what is wrong with the others.

Arrow says only that a block is wrong. It would also take two objects on a line for two rows, and
lets neither bytes that are no text nor too many levels of nesting pass without harm.
"""

import itertools
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

# Arrow works through levels by recursion, and thousands of them end the process.
MAX_LEVELS = 128

_BLANK = b" \t\r"
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_LEVEL = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
# Lines that are looked at one by one once it is known that one of them is wrong.
_FEW_LINES = 64
# With more wrong lines than that many times _FEW_LINES may have, halving a block does not pay.
_MANY_PIECES = 32


def is_regular(data: bytes, count: int) -> bool:
    """Returns whether each of `count` lines begins and ends as an object does.

    If Arrow then finds as many objects as there are lines, each line is one: `}` and `{` with
    nothing but a newline between them are never inside of one.
    """
    borders = data.count(b"}\n{") + data.count(b"}\r\n{")
    return data.startswith(b"{") and data.endswith((b"}\n", b"}\r\n")) and borders + 1 == count


def split_lines(data: bytes) -> tuple[np.ndarray, list[bytes]]:
    """Returns the lines that are not blank, and their places from 0."""
    lines = [line.strip(_BLANK) for line in data.split(b"\n")]
    places = [place for place, line in enumerate(lines) if line]
    return np.array(places, np.int64), [lines[place] for place in places]


def is_harmless(data: bytes, count: int) -> bool:
    """Returns whether `count` lines are UTF-8, and none has MAX_LEVELS levels."""
    if not data.isascii():
        try:
            pa.array([data], pa.binary()).cast(pa.string())
        except pa.ArrowInvalid:
            return False
    if data.count(b"{") + data.count(b"[") - count < MAX_LEVELS // 2:
        return True
    text = np.frombuffer(data, np.uint8)
    # Between every MAX_LEVELS / 2 brackets that open there is the end of a line.
    opening = np.flatnonzero((text | 32) == ord("{"))[:: MAX_LEVELS // 2].tolist()
    return all(data.find(b"\n", a, b) >= 0 for a, b in itertools.pairwise(opening))


def load(line: bytes) -> dict[str, Any] | str:
    """Returns the object on a line, or why there is none."""
    try:
        text = line.decode()
        if _levels(line) >= MAX_LEVELS:
            return f"nested {MAX_LEVELS} levels deep or more"
        row = json.loads(text)
        if not isinstance(row, dict):
            return "no JSON object"
        if "\\u" in text:  # half of a pair of surrogates is no text
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeError:
        return "not UTF-8"
    except ValueError:
        return "invalid JSON"
    return row


def wrong_lines(lines: Sequence[bytes], fits: Callable[[Sequence[bytes]], bool]) -> dict[int, str]:
    """Returns lines that are no objects, by place, and why; not all if there are many.

    Args:
        lines: of which something does not fit.
        fits: whether some of them are objects that fit together. It is called for halves, their
            halves and so on, for it is much faster than looking at the lines one by one.
    """
    wrong: dict[int, str] = {}
    pieces = [range(len(lines))]
    for _ in range(_MANY_PIECES):
        if not pieces:
            break
        piece = pieces.pop()
        while len(piece) > _FEW_LINES:
            middle = len(piece) // 2
            halves = [
                half
                for half in (piece[:middle], piece[middle:])
                if not fits(lines[half.start : half.stop])
            ]
            if not halves:
                return wrong  # each fits, they do not fit together
            piece = halves.pop()
            pieces += halves
        found = {place: why for place in piece if isinstance(why := load(lines[place]), str)}
        if not found:
            break  # all objects, but not of the same types
        wrong |= found
    return wrong


def _levels(line: bytes) -> int:
    if line.count(b"{") + line.count(b"[") < MAX_LEVELS:
        return 0
    brackets = re.findall(rb"[][{}]", _STRING.sub(b"", line))
    return max(itertools.accumulate(_LEVEL[bracket] for bracket in brackets))
