"""Where numbers lie on paper: scales, their ticks, and lines as SVG writes them."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence

# Ticks lie on multiples of these times a power of ten.
_STEPS = (1, 2, 2.5, 5, 10)


@dataclasses.dataclass(frozen=True)
class Tick:
    """A place on a scale: where, as a share of its length, and what stands there."""

    at: float
    label: str


@dataclasses.dataclass(frozen=True)
class Scale:
    """From numbers to shares of a length.

    Attributes:
        low: the number at 0.
        high: the number at 1; above `low`.
        log: whether equal ratios are equal lengths; `low` is then above 0.
    """

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """Returns where a number lies, in [0, 1]; what lies outside is moved to the end."""
        if self.log:
            value = max(value, self.low)
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, share))

    def ticks(self, most: int = 5, *, percent: bool = False) -> tuple[Tick, ...]:
        """Returns two to some six ticks on round numbers, or on percents."""
        values: list[float] = []
        for wanted in range(most, most + 10):
            values = self._decades(wanted) if self.log else self._multiples(wanted)
            if len(values) > 1:  # a step that fits once leaves the scale untold
                break
        labels = [f"{100 * value:g}%" if percent else tick_label(value) for value in values]
        return tuple(
            Tick(self.at(value), label) for value, label in zip(values, labels, strict=True)
        )

    def _multiples(self, most: int) -> list[float]:
        step = round_step((self.high - self.low) / most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(place * step, 12) for place in range(first, last + 1)]

    def _decades(self, most: int) -> list[float]:
        low, high = math.log10(self.low), math.log10(self.high)
        found: list[float] = []
        for within in ((1,), (1, 3), (1, 2, 5)):
            values = [
                digit * 10.0**power
                for power in range(math.floor(low), math.ceil(high) + 1)
                for digit in within
                if low - 1e-9 <= math.log10(digit * 10.0**power) <= high + 1e-9
            ]
            if found and len(values) > most + 1:
                break
            found = values
        every = math.ceil(len(found) / (most + 1)) or 1
        return found[::every]


def round_step(step: float) -> float:
    """Returns the least round number that is not below `step`, which is above 0."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(digit * power for digit in _STEPS if digit * power >= step * (1 - 1e-9))


def tick_label(value: float) -> str:
    """Returns a number as short as it can be said."""
    if value == 0:
        return "0"
    if abs(value) >= 10_000:
        for unit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= unit:
                return f"{value / unit:g}{suffix}".replace("-", "−")
    text = f"{value:.4g}"
    return (f"{value:.0e}" if "e" in text else text).replace("-", "−")


def around(values: Iterable[float], *, zero: bool = False, log: bool = False) -> Scale:
    """Returns a scale that has all numbers on it; numbers that are not finite do not count.

    Args:
        values: at least one finite, or the scale is that from 0 to 1.
        zero: whether 0 must be on it.
        log: whether it may be logarithmic: it is if all numbers are above 0 and far apart.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return Scale(0.0, 1.0)
    low, high = min(finite), max(finite)
    if log and low > 0 and high / low > 10:
        return Scale(low / 1.15, high * 1.15, log=True)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        room = abs(high) * 0.1 or 0.5
        return Scale(low - room, high + room)
    room = 0.05 * (high - low)
    return Scale(
        low if zero and low == 0 else low - room, high if zero and high == 0 else high + room
    )


def path(points: Sequence[tuple[float, float]]) -> str:
    """Returns a line through points as SVG's `d` has it; it breaks where a point is not finite."""
    found, pen = [], "M"
    for x, y in points:
        if not (math.isfinite(x) and math.isfinite(y)):
            pen = "M"
            continue
        found.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(found)


def thinned(points: Sequence[tuple[float, float]], most: int) -> tuple[tuple[float, float], ...]:
    """Returns at most so many points of a line, evenly along its length, both ends among them."""
    if len(points) <= most:
        return tuple(points)
    lengths = [0.0]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        lengths.append(lengths[-1] + abs(x1 - x0) + abs(y1 - y0))
    step = lengths[-1] / (most - 1)
    kept, due = [points[0]], step
    for point, length in zip(points[1:-1], lengths[1:-1], strict=True):
        if length >= due and len(kept) < most - 1:
            kept.append(point)
            due = max(due + step, length + step / 2)
    return (*kept, points[-1])
