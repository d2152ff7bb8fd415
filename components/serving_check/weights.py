"""The score of an answer, computed anew: NumPy and the grammar, no graph."""

from collections.abc import Mapping, Sequence

import numpy as np

from components.serving_check.requests import Request
from evaluation.score import score_values
from schemas.columns import Column
from schemas.doors import SCORE
from schemas.score_weights import weight_text, weights, with_weights

# Of 32 bits, two ways to a power or an exponential differ by more than two ways to a rate do;
# a weight that went unheard shows in the first digits.
_RELATIVE, _ABSOLUTE = 1e-4, 1e-6


def other_weights(expression: str) -> tuple[float, ...]:
    """Returns weights for a score that are not its own: half of each, or a half."""
    return tuple(float(weight_text(weight.value / 2 or 0.5)) for weight in weights(expression))


def wrong_score(
    expression: str,
    given: Sequence[float],
    request: Request,
    answers: Mapping[str, np.ndarray],
    columns: Sequence[Column],
) -> str | None:
    """Returns a sentence if an answer's score is not what the expression says, else None.

    Rows on which the expression has no finite value are left out.

    Args:
        expression: the score.
        given: weights for it; its own if there are none.
        request: what was asked; it brings the numbers that the score reads.
        answers: to it, with the score.
        columns: of the request.
    """
    numbers = {
        column.name: _number(request.inputs[column.name].numpy())
        for column in columns
        if column.type == "float"
    }
    if given:
        expression = with_weights(expression, given)
    wanted = score_values(expression, {**numbers, **answers}).astype(np.float32)
    wanted = np.broadcast_to(wanted, request.rows)
    found = answers[SCORE]
    off = np.isfinite(wanted) & ~np.isclose(found, wanted, _RELATIVE, _ABSOLUTE)
    if not off.any():
        return None
    row = int(np.argmax(off))
    return f"score must be {expression}: {wanted[row]:.6g} where it is {found[row]:.6g}"


def _number(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.float32(0))
