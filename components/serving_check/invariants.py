"""What must hold of any answer: arithmetic on NumPy's arrays."""

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.gaps import TOLERANCE, scaled_gaps
from schemas.heads import Output

Answers = Mapping[str, np.ndarray]


def broken_invariants(answers: Answers, outputs: Sequence[Output]) -> list[str]:
    """Returns a sentence for each rule that the answers break.

    Rules: every output is answered; every probability is in [0, 1]; a joint is the product of its
    heads and, if it is a probability, at most each joint above it; whatever else is answered (a
    value, a score) is finite.
    """
    missing = [output.name for output in outputs if output.name not in answers]
    if missing:
        return [f"it does not answer {', '.join(missing)}, only {', '.join(sorted(answers))}"]
    broken = []
    for output in outputs:
        values = answers[output.name]
        rate = output.kind == "rate"
        if rate and not (np.all(values >= 0) and np.all(values <= 1)):
            broken.append(
                f"{output.name} must be in [0, 1], found {values.min():.4g} to {values.max():.4g}"
            )
        if not np.all(np.isfinite(values)):
            continue  # said already, or below
        product = np.prod([answers[head] for head in output.heads], axis=0)
        gap = np.max(scaled_gaps(values, product), initial=0.0)
        if not gap <= TOLERANCE:
            broken.append(
                f"{output.name} must be {' * '.join(output.heads)}, it is off by {gap:.2g}"
            )
        broken += [
            f"{output.name} must not exceed {above.name}"
            for above in (_above(output, outputs) if rate else ())
            if not np.all(values <= answers[above.name] + TOLERANCE)
        ]
    rates = {output.name for output in outputs if output.kind == "rate"}
    for name in sorted(set(answers) - rates):
        if not np.all(np.isfinite(answers[name])):
            broken.append(f"{name} must be finite")
    return broken


def _above(output: Output, outputs: Sequence[Output]) -> list[Output]:
    """Returns the root and the joints on the way to `output`."""
    depths = range(1, len(output.heads))
    return [other for other in outputs if other.heads in [output.heads[:d] for d in depths]]


def largest_gap(left: Answers, right: Answers) -> tuple[str, float]:
    """Returns the output on which two answers differ most, and by how much.

    The gap is relative for answers above 1 (a score times a price), absolute for the rest;
    infinite where an output is missing on one side or has another shape, and where it is NaN.
    """
    gaps = {name: _gap(left.get(name), right.get(name)) for name in (*left, *right)}
    name = max(gaps, key=lambda output: gaps[output])
    return name, gaps[name]


def _gap(left: np.ndarray | None, right: np.ndarray | None) -> float:
    if left is None or right is None or left.shape != right.shape:
        return float("inf")
    return float(np.max(scaled_gaps(left, right)))
