"""What must hold of any answer, on rows of the evaluation split: TensorFlow alone, no TFX."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from schemas.columns import Column, length_name
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
            tensors[length_name(column.name)] = tf.math.bincount(
                rows, minlength=len(examples), dtype=tf.int64
            )
        else:
            padded = tf.pad(dense, [[0, 0], [0, 1]], constant_values=missing)
            tensors[column.name] = padded[:, 0]
    return tensors


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
        gap = np.abs(values - product) / np.maximum(1.0, np.abs(product))
        if not np.all(gap <= TOLERANCE):
            broken.append(
                f"{output.name} must be {' * '.join(output.heads)}, it is off by {gap.max():.2g}"
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
    scale = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
    gap = float(np.max(np.abs(left - right) / scale))
    return float("inf") if np.isnan(gap) else gap
