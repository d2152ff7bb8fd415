"""What served scores must keep to, hour by hour, or else an alert is raised."""

import dataclasses
import math
import re
from typing import Annotated, Any

import pydantic

from schemas.strict import Strict

# What a volume is told in; without it a bar is a number of rows.
MEDIAN = "of the median hour"

_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
_BOUND = re.compile(rf"(>=|<=)\s*{_NUMBER}")
_BAND = re.compile(rf"{_NUMBER}\s*\.\.\s*{_NUMBER}")


@dataclasses.dataclass(frozen=True)
class Band:
    """Where a figure may lie, both ends included.

    Attributes:
        text: as written.
        lower: least allowed value, minus infinity if there is none.
        upper: greatest allowed value, infinity if there is none.
        of_median: whether the ends are multiples of the median hour's figure.
    """

    text: str
    lower: float = -math.inf
    upper: float = math.inf
    of_median: bool = False

    def misses(self, low: float, high: float, unit: float = 1.0) -> bool:
        """Returns whether an interval lies outside as a whole.

        Args:
            low: its lower end; NaN misses nothing.
            high: its upper end.
            unit: what the ends of the band are multiples of.
        """
        return low > self.upper * unit or high < self.lower * unit


def parse_band(text: object, *, of_median: bool = False) -> Band:
    """Reads a band.

    Args:
        text: `>= 0.6`, `<= 1.25` or `0.8 .. 1.25`.
        of_median: whether ` of the median hour` follows; it must then.

    Raises:
        ValueError: if `text` is none of those.
    """
    given = " ".join(str(text).split())
    words = given.removesuffix(MEDIAN).rstrip() if of_median else given
    if not of_median or words != given:
        if match := _BOUND.fullmatch(words):
            bound = float(match[2])
            ends = (bound, math.inf) if match[1] == ">=" else (-math.inf, bound)
            return Band(given, *ends, of_median)
        if (match := _BAND.fullmatch(words)) and float(match[1]) <= float(match[2]):
            return Band(given, float(match[1]), float(match[2]), of_median)
    suffix = f" {MEDIAN}" if of_median else ""
    raise ValueError(
        f"a bar cannot be read: {given!r}. Write '>= 0.5{suffix}', '<= 2{suffix}' or "
        f"'0.8 .. 1.25{suffix}'"
    )


def _read(text: Any) -> Any:
    return text if text is None or isinstance(text, Band) else parse_band(text)


def _read_volume(text: Any) -> Any:
    return text if text is None or isinstance(text, Band) else parse_band(text, of_median=True)


def _text(band: Band | None) -> str | None:
    return None if band is None else band.text


_Told = (
    pydantic.PlainSerializer(_text, return_type=str | None),
    pydantic.WithJsonSchema({"type": ["string", "null"]}),
)
_Band = Annotated[Band | None, pydantic.BeforeValidator(_read), *_Told]
_Volume = Annotated[Band | None, pydantic.BeforeValidator(_read_volume), *_Told]


class Monitor(Strict):
    """The bars of `funnelrank monitor`; null switches one off.

    Figures of outputs are judged by hour, in the whole period and, where there are several, by
    version. One is out of band if its 95 % interval is: what may be chance raises no alert.

    Attributes:
        copc: of each output, what happened over what was predicted: clicks over the sum of
            predicted click rates.
        auc: of each rate.
        volume: rows that were served in an hour; hours that the period cuts are not judged.
        scored: of each output, the share of rows whose score can be used: there, finite, and of a
            rate between 0 and 1.
        min_positives: COPC is judged where so many events came or were predicted, AUC where so
            many came.
    """

    copc: _Band = parse_band("0.8 .. 1.25")
    auc: _Band = None
    volume: _Volume = parse_band(f">= 0.05 {MEDIAN}", of_median=True)
    scored: _Band = parse_band(">= 0.99")
    min_positives: Annotated[int, pydantic.Field(ge=1)] = 50
