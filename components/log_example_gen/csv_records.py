"""Where the rows of a CSV file begin, when quotes make that a question.

A quote opens a field only at its beginning, and is doubled inside, as Arrow has it. A quote that
nothing closes costs the line on which it stands, not the rest of the file: a field goes on over
the end of its line only if its end is that of a quoted field, and the row has the right number of
fields.
"""

import dataclasses
import re

import numpy as np

# A field on one line; anything may follow its closing quote. Or one of several lines.
_ON_ONE_LINE = rb'"(?:[^"\n]++|"")*+"[^,\r\n]*+|[^",\r\n][^,\r\n]*+'
_ON_SEVERAL = rb'"(?:[^"]++|"")*+"(?=[,\r\n])'
_FIELD = rb"(?>%b|)" % _ON_ONE_LINE
_ANY_FIELD = rb"(?>%b|%b|)" % (_ON_ONE_LINE, _ON_SEVERAL)
_LINE = re.compile(rb"%b(?:,%b)*+\r*+\n" % (_FIELD, _FIELD))
_NEXT_FIELD = re.compile(rb"(?:\A|,)%b" % _FIELD)

_NEWLINE, _RETURN, _QUOTE, _COMMA = b'\n\r",'


@dataclasses.dataclass(frozen=True)
class Records:
    """The lines of a block, and what they are.

    Attributes:
        starts: int64 [lines], where each begins.
        ends: int64 [lines], where each ends, behind its newline.
        begins: bool [lines], whether a row begins there.
        broken: bool [lines], whether the line can belong to no row.
        quotes: int64 [lines], how many quotes each holds.
        rest: the first line of a row that the block does not hold whole; else their number.
    """

    starts: np.ndarray
    ends: np.ndarray
    begins: np.ndarray
    broken: np.ndarray
    quotes: np.ndarray
    rest: int


def records(data: bytes, fields: int, final: bool, limit: int) -> Records:
    """Returns where the rows of a block of whole lines begin.

    Args:
        data: lines, each with its newline.
        fields: how many a row has, by the header.
        final: whether nothing follows.
        limit: bytes from which on a row over several lines is none.
    """
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == _NEWLINE) + 1
    starts = np.concatenate([[0], ends[:-1]])
    quotes, odd = _odd_lines(text, ends)
    begins = ~((ends - starts == 1) | ((ends - starts == 2) & (text[starts] == _RETURN)))
    broken = np.zeros(len(ends), bool)
    row = re.compile(rb"%b(?:,%b){%d}\r*+\n" % (_ANY_FIELD, _ANY_FIELD, fields - 1))
    open_row = re.compile(rb'(?:%b,){0,%d}+"(?:[^"]++|"")*+\Z' % (_ANY_FIELD, fields - 1))
    behind = 0
    for line in np.flatnonzero(odd).tolist():
        if line < behind:
            continue
        start, end = int(starts[line]), int(ends[line])
        if _LINE.match(data, start):
            begins[line] = bool(data[start:end].strip(b"\r\n"))
        elif (match := row.match(data, start)) and match.end() - start <= limit:
            behind = int(np.searchsorted(ends, match.end())) + 1
            begins[line + 1 : behind] = False
        elif not final and len(data) - start <= limit and open_row.match(data, start):
            begins[line:] = False
            return Records(starts, ends, begins, broken, quotes, line)
        else:
            begins[line], broken[line] = False, True
    return Records(starts, ends, begins, broken, quotes, len(ends))


def field_counts(data: bytes, found: Records, fields: int) -> np.ndarray:
    """Returns how many fields each row has: int64 [rows].

    A row over several lines has the right number, or it would be none.
    """
    commas = np.frombuffer(data, np.uint8) == _COMMA
    counts = 1 + np.add.reduceat(commas, found.starts, dtype=np.int64)
    for line in np.flatnonzero(found.begins & (found.quotes > 0)).tolist():
        text = data[found.starts[line] : found.ends[line]]
        closed = _LINE.match(text)
        counts[line] = len(_NEXT_FIELD.findall(text)) if closed else fields
    return counts[found.begins]


def _odd_lines(text: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the quotes of each line, and which lines must be looked at one by one.

    All others are plain: their quotes come in pairs, of which the first follows a comma and the
    second is followed by one; or by each other, where a quote is doubled.
    """
    places = np.flatnonzero(text == _QUOTE)
    line = np.searchsorted(ends, places, side="right")
    quotes = np.bincount(line, minlength=len(ends))
    first = np.arange(len(places)) - (np.cumsum(quotes) - quotes)[line]
    # The text ends in a newline, so what is before the first byte is one as well.
    before, after = text[places - 1], text[(places + 1) % max(len(text), 1)]
    opens = (before == _COMMA) | (before == _NEWLINE) | (before == _QUOTE)
    closes = (after == _COMMA) | (after == _NEWLINE) | (after == _RETURN) | (after == _QUOTE)
    odd = quotes % 2 == 1
    odd[line[~np.where(first % 2 == 0, opens, closes)]] = True
    returns = np.flatnonzero(text == _RETURN)
    alone = returns[text[returns + 1] != _NEWLINE]
    odd[np.searchsorted(ends, alone, side="right")] = True
    return quotes, odd
