"""Predictions and clicks of users, in parts that hold whole users; the same at every call."""

import numpy as np
from scipy import special

from evaluation.rows import FOLDS, Rows

MODEL = "candidate"
# A part has at most so many rows, whatever there is in all.
PART_ROWS = 250_000


def parts(rows: int) -> int:
    """Returns into how many parts so many rows go: a multiple of the folds."""
    return FOLDS * -(-rows // (FOLDS * PART_ROWS))


def part(number: int, rows: int, users: int) -> Rows:
    """Returns a part of the rows; each of its users has a row at least, some have many.

    Args:
        number: of the part.
        rows: in all parts.
        users: in all parts, at most as many.
    """
    random = np.random.default_rng(number)
    count = parts(rows)
    size, own = rows // count, users // count
    others = (random.random(size - own) ** 1.5 * own).astype(np.int64)
    user = random.permutation(np.concatenate([np.arange(own), others]))
    taste = random.normal(0, 0.7, own)
    log_odds = random.normal(-2.5, 1.0, size) + taste[user]
    label = (random.random(size) < special.expit(log_odds)).astype(np.float64)
    prediction = special.expit(log_odds + random.normal(0, 0.5, size))
    return Rows(
        label=label,
        weight=np.ones(size),
        predictions={MODEL: prediction},
        fold=np.full(size, number % FOLDS),
        user=user + number * own,
    )
