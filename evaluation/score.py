"""The score of rows, computed anew: NumPy and the grammar, no graph."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from schemas.score import evaluate_score

Floats = npt.NDArray[np.floating]


def score_values(expression: str, values: Mapping[str, Floats]) -> Floats:
    """Returns what an expression comes to, [N] or a scalar; not finite where it has no value.

    Args:
        expression: a score.
        values: by name, [N], all that it reads.
    """
    functions: dict[str, Callable[..., Floats]] = {
        "log": np.log,
        "exp": np.exp,
        "min": np.minimum,
        "max": np.maximum,
    }
    with np.errstate(all="ignore"):
        found: Floats = np.asarray(evaluate_score(expression, values, functions))
    return found
