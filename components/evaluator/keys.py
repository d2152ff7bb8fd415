"""Whose row and which request's a row is, as hashes."""

import tensorflow as tf

from components.log_example_gen.decode import Columns, hashes, present
from evaluation.rows import Ints
from schemas.evaluation import EvaluationConfig
from schemas.logs import IMPRESSION_ID

# Before what stands in for an absent user or request, so that none is taken for another.
_REQUEST, _ROW = b"\x01", b"\x02"
_BETWEEN = b"\x1f"


def owners(columns: Columns, config: EvaluationConfig) -> tuple[Ints, Ints | None]:
    """Returns whose each row is, and which request's.

    A row without a user is its request's, a row without either is its own. A request is one
    user's: rows of two users with the same request are of two.

    Args:
        columns: with impression_id and the configured user and request.
        config: says which those are.

    Returns:
        Hashes [N] of the users, and of the requests or None where none is configured.
    """
    row = _ROW + columns.texts[IMPRESSION_ID]
    request = row
    if config.request is not None:
        request = _unless_absent(columns.texts[config.request], row)
    user = request if config.request is None else _REQUEST + request
    if config.user is not None:
        user = _unless_absent(columns.texts[config.user], user)
    if config.request is None:
        return hashes(user), None
    return hashes(user), hashes(tf.strings.join([user, request], _BETWEEN))


def _unless_absent(texts: tf.Tensor, otherwise: tf.Tensor) -> tf.Tensor:
    return tf.where(present(texts), texts, otherwise)
