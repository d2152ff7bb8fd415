"""How sure a difference between two models is that were measured on the same rows."""

import dataclasses
import math

from scipy import special

from evaluation.figures import Figure

CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True)
class Contrast:
    """A figure minus a multiple of another model's, and its standard error.

    Attributes:
        value: the difference.
        error: its standard error.
        freedom: degrees of freedom of Student's t.
    """

    value: float
    error: float
    freedom: int

    @property
    def least(self) -> float:
        """The value that the truth is not below, with 95 % confidence."""
        return self.value - self._quantile(CONFIDENCE) * self.error

    @property
    def most(self) -> float:
        """The value that the truth is not above, with 95 % confidence."""
        return self.value + self._quantile(CONFIDENCE) * self.error

    @property
    def interval(self) -> tuple[float, float]:
        """The two values that the truth lies between, with 95 % confidence."""
        half = self._quantile((1 + CONFIDENCE) / 2) * self.error
        return self.value - half, self.value + half

    def _quantile(self, share: float) -> float:
        return float(special.stdtrit(self.freedom, share))


def alone(figure: Figure) -> Contrast | None:
    """Returns a figure as the difference to nothing; None where it has no interval."""
    if figure.error is None or figure.freedom is None or not math.isfinite(figure.error):
        return None
    return Contrast(figure.value, figure.error, figure.freedom)


def contrast(figure: Figure, other: Figure, difference: Figure, factor: float) -> Contrast | None:
    """Returns `figure - factor * other`; None where it has no interval.

    The figures of two models on the same rows go up and down together, so the error of a
    difference is far below what the errors of both make: it comes from the paired `difference`.
    The variances of the two and of their difference give their covariance, hence the variance for
    every factor: V(a - fb) = (1 - f) V(a) + (f² - f) V(b) + f V(a - b).

    Args:
        figure: of the candidate.
        other: of the other model.
        difference: the first minus the second, paired.
        factor: by which the other is multiplied.
    """
    value = figure.value - factor * other.value
    if factor == 1.0:
        paired = alone(difference)
        return None if paired is None else dataclasses.replace(paired, value=value)
    parts = [alone(part) for part in (figure, other, difference)]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    weights = (1 - factor, factor * factor - factor, factor)
    variance = sum(w * part.error**2 for w, part in zip(weights, known, strict=True))
    freedom = min(part.freedom for part in known)
    return Contrast(value, math.sqrt(max(variance, 0.0)), freedom)
