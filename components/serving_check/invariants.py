"""What must hold of any answer, on rows of the evaluation split: TensorFlow alone, no TFX."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from schemas.columns import Column
from schemas.heads import Output

_DTYPES = {"text": tf.string, "float": tf.float32, "int": tf.int64}
TOLERANCE = 1e-6

Answers = Mapping[str, np.ndarray]


def column_tensors(examples: Sequence[bytes], columns: Sequence[Column]) -> dict[str, tf.Tensor]:
    """Returns serialized examples as the inputs of `predict_columns`: "" and NaN are missing."""
    parsed = tf.io.parse_example(
        list(examples), {c.name: tf.io.VarLenFeature(_DTYPES[c.type]) for c in columns}
    )
    tensors: dict[str, tf.Tensor] = {}
    for column in columns:
        missing: Any = "" if column.type == "text" else float("nan")
        dense = tf.sparse.to_dense(parsed[column.name], default_value=missing)
        if column.repeated:
            tensors[column.name] = dense
            rows = parsed[column.name].indices[:, 0]
            tensors[f"{column.name}_length"] = tf.math.bincount(
                rows, minlength=len(examples), dtype=tf.int64
            )
        else:
            padded = tf.pad(dense, [[0, 0], [0, 1]], constant_values=missing)
            tensors[column.name] = padded[:, 0]
    return tensors


def broken_invariants(answers: Answers, outputs: Sequence[Output]) -> list[str]:
    """Returns a sentence for each rule that the answers break.

    Rules: every probability is in [0, 1]; a joint is the product of its heads; a joint is at most
    each joint above it.
    """
    broken = []
    for output in outputs:
        values = answers[output.name]
        if not (np.all(values >= 0) and np.all(values <= 1)):
            broken.append(
                f"{output.name} must be in [0, 1], found {values.min():.4g} to {values.max():.4g}"
            )
        product = np.prod([answers[head] for head in output.heads], axis=0)
        gap = np.abs(values - product)
        if not np.all(gap <= TOLERANCE):
            broken.append(
                f"{output.name} must be {' * '.join(output.heads)}, it is off by {gap.max():.2g}"
            )
        root = answers[output.heads[0]]
        if not np.all(values <= root + TOLERANCE):
            broken.append(f"{output.name} must not exceed {output.heads[0]}")
    return broken


def largest_gap(left: Answers, right: Answers) -> tuple[str, float]:
    """Returns the output on which two answers differ most, and by how much."""
    gaps = {name: float(np.max(np.abs(left[name] - right[name]))) for name in left}
    name = max(gaps, key=lambda output: gaps[output] if gaps[output] == gaps[output] else np.inf)
    return name, gaps[name]
