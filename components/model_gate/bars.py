"""Whether a figure reaches a bar: as it stands, or with 95 % confidence."""

import math

from components.model_gate.contrast import Contrast, alone, contrast
from evaluation.figures import BASELINE, CONSTANT, Figure
from schemas.gates import Gate


def reached(
    gate: Gate, name: str, figure: Figure, other: Figure | None, difference: Figure
) -> tuple[bool, str]:
    """Returns whether a figure reaches its bar, and a sentence with the numbers.

    Args:
        gate: whose bar it is.
        name: of the figure, with its slice.
        figure: of the candidate, finite.
        other: of the model that the bar is relative to, finite; None if it is relative to none.
        difference: the first minus the second, paired.
    """
    if other is None:
        return _sure(gate, name, figure) if gate.confident else _plain(gate, name, figure, 0.0, "")
    if gate.not_worse:
        return _not_worse(gate, name, figure, other, difference)
    if gate.confident:
        return _surely_beside(gate, name, figure, other, difference)
    beside = f" ({_the(gate)} has {other.value:.4f})"
    return _plain(gate, name, figure, gate.factor * other.value, beside)


def _plain(gate: Gate, name: str, figure: Figure, base: float, beside: str) -> tuple[bool, str]:
    lower = None if gate.lower is None else gate.lower + base
    upper = None if gate.upper is None else gate.upper + base
    passed = _within(figure.value, figure.value, lower, upper)
    told, least, most = _told(figure.value, lower, upper)
    return passed, f"{name} is {told}, it must be {_bounds(least, most)}{beside}"


def _sure(gate: Gate, name: str, figure: Figure) -> tuple[bool, str]:
    sure = alone(figure)
    if sure is None:
        return False, _unsure(name, figure)
    passed, found, wanted = _ends(gate, sure)
    return passed, (
        f"{name} is {figure.value:.4f}, with 95 % confidence {found}; it must be {wanted}"
    )


def _surely_beside(
    gate: Gate, name: str, figure: Figure, other: Figure, difference: Figure
) -> tuple[bool, str]:
    sure = contrast(figure, other, difference, gate.factor)
    if sure is None:
        return False, _unsure(name, figure)
    passed, found, wanted = _ends(gate, sure)
    times = "" if gate.factor == 1 else f" to {gate.factor:g} times that"
    return passed, (
        f"{name} is {figure.value:.4f} and that of {_the(gate)} {other.value:.4f}; with 95 % "
        f"confidence the difference{times} is {found}, it must be {wanted}"
    )


def _ends(gate: Gate, sure: Contrast) -> tuple[bool, str, str]:
    """Returns whether what is sure lies within a gate's bounds, and both in words."""
    # A band is left on either side: all of a two-sided interval must lie in it.
    band = gate.lower is not None and gate.upper is not None
    low, high = sure.interval if band else (sure.least, sure.most)
    found = (None if gate.lower is None else low, None if gate.upper is None else high)
    passed = _within(low, high, gate.lower, gate.upper)
    least, most, lower, upper = _told(*found, gate.lower, gate.upper)
    return passed, _bounds(least, most), _bounds(lower, upper)


def _not_worse(
    gate: Gate, name: str, figure: Figure, other: Figure, difference: Figure
) -> tuple[bool, str]:
    """Refuses a model that is worse with 95 % confidence.

    Calibration is better nearer to one. Where the two lie on either side of it, the difference of
    their distances is that of the sum of the two, less 2.
    """
    factor, sign = 1.0, 1.0 if gate.not_worse == "down" else -1.0
    if gate.not_worse == "one":
        sign = _side(figure.value)
        factor = sign * _side(other.value)
    sure = contrast(figure, other, difference, factor)
    if sure is None:
        return False, _unsure(name, figure)
    offset = 1.0 - factor if gate.not_worse == "one" else 0.0
    worse_by = sign * (sure.value - offset) - (sure.value - sure.least)
    both = f"{name} is {figure.value:.4f} and that of {_the(gate)} {other.value:.4f}"
    if worse_by > 0:
        return False, f"{both}: with 95 % confidence it is worse by at least {worse_by:.2g}"
    return True, f"{both}: with 95 % confidence it cannot be said to be worse"


def _the(gate: Gate) -> str | None:
    """Returns the other model in words."""
    words = {BASELINE: "the baseline", CONSTANT: "the constant rate"}
    return words.get(gate.other or BASELINE, gate.other)


def _side(calibration: float) -> float:
    return 1.0 if calibration >= 1 else -1.0


def _unsure(name: str, figure: Figure) -> str:
    return (
        f"{name} is {figure.value:.4f}, and has no 95 % interval, as there are too few groups of "
        "rows to tell"
    )


def _within(low: float, high: float, lower: float | None, upper: float | None) -> bool:
    return (lower is None or low >= lower) and (upper is None or high <= upper)


def _bounds(least: str | None, most: str | None) -> str:
    sides = (("at least", least), ("at most", most))
    return " and ".join(f"{side} {bound}" for side, bound in sides if bound is not None)


def _told(*numbers: float | None) -> tuple[str | None, ...]:
    """Returns numbers with four decimals, or as many as tell them apart."""
    known = {number for number in numbers if number is not None and math.isfinite(number)}
    digits = 4
    while digits < 16 and len({f"{number:.{digits}f}" for number in known}) < len(known):
        digits += 1
    return tuple(None if number is None else f"{number:.{digits}f}" for number in numbers)
