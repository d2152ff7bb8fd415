"""The held-back rows of a run with a model's answers: what a score is judged on."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.spec import ModelSpec
from schemas.heads import outputs, target_columns
from schemas.logs import CONVERSION, VALUE
from schemas.score import names_in_score

_BATCH = 8192
_FEATURES = {
    "float": tf.io.FixedLenFeature([], tf.float32, float("nan")),
    "int": tf.io.FixedLenFeature([], tf.int64, -1),  # a label is not known
    "text": tf.io.FixedLenFeature([], tf.string, ""),
}
Floats = npt.NDArray[np.float32]
Columns = Mapping[str, npt.NDArray[np.generic]]


@dataclasses.dataclass(frozen=True)
class ScoreRows:
    """Columns of N rows.

    Attributes:
        values: of every name in the score, [N] float32, as the graph has them.
        gains: by label, [N] float32: 0 or what there is to gain; NaN where it is not known.
        groups: int64 [N], the group of each row; None if all rows are ranked together.
    """

    values: Mapping[str, Floats]
    gains: Mapping[str, Floats]
    groups: npt.NDArray[np.int64] | None


def read_score_rows(
    model_dir: Path,
    spec: ModelSpec,
    expression: str,
    files: Sequence[Path],
    limit: int,
    progress: Callable[[int], None],
) -> ScoreRows:
    """Reads raw labelled examples and asks the model about them, batch by batch.

    Args:
        model_dir: a version's folder, as pushed.
        spec: the one kept there.
        expression: the score.
        files: gzipped TFRecords, read side by side, so that fewer rows are a sample of all files.
        limit: most rows to read.
        progress: called with the number of rows read so far.
    """
    asked = {output.name for output in outputs(spec.heads)}
    names = names_in_score(expression)
    raw = [name for name in names if name not in asked]
    wanted = {*raw, *target_columns(spec.heads), spec.group, CONVERSION, VALUE}
    parsing = {c.name: _FEATURES[c.type] for c in spec.columns if c.name in wanted}
    loaded = tf.saved_model.load(str(model_dir))  # owns the variables: kept until the end
    door = loaded.signatures["serving_default"]
    read: list[Columns] = []
    rows = 0
    for examples in _records(files, limit):
        answers = door(examples)
        found = tf.io.parse_example(examples, parsing)
        found |= {name: answers[name] for name in names if name in asked}
        read.append({name: tensor.numpy() for name, tensor in found.items()})
        rows += len(examples)
        progress(rows)
    columns = {name: np.concatenate([part[name] for part in read]) for name in read[0]}
    return ScoreRows(
        {name: np.nan_to_num(columns[name], nan=0.0, posinf=0.0, neginf=0.0) for name in names},
        dict(_gains(spec, columns, raw)),
        _groups(columns[spec.group]) if spec.group is not None else None,
    )


def _records(files: Sequence[Path], limit: int) -> tf.data.Dataset:
    names = [str(file) for file in files]
    return (
        tf.data.Dataset.from_tensor_slices(names)
        .interleave(
            lambda file: tf.data.TFRecordDataset(file, compression_type="GZIP"),
            cycle_length=len(names),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        .take(limit)
        .batch(_BATCH)
        .prefetch(tf.data.AUTOTUNE)
    )


def _gains(spec: ModelSpec, columns: Columns, raw: Sequence[str]) -> Iterator[tuple[str, Floats]]:
    """Yields each label with what there is to gain of its rows, and what conversions are worth.

    An event gains 1, a number itself. Where the score reads columns such as a price, so counts
    what the conversions brought in, or else, unless the logs say, that column where there was one.
    """
    seen = set()
    for head in spec.heads.values():
        if head.label in seen:
            continue
        seen.add(head.label)
        gain = _known(columns[head.label])
        if head.mask is not None:
            gain = np.where(columns[head.mask] == 1, gain, np.nan)
        yield head.label, gain
    if raw and CONVERSION in columns and VALUE not in seen:
        happened = _known(columns[CONVERSION])
        worth = VALUE if VALUE in columns else raw[0]
        worths = np.nan_to_num(columns[worth].astype(np.float32), nan=0.0)
        yield f"{CONVERSION} x {worth}", np.where(happened == 1, worths, happened)


def _known(labels: npt.NDArray[np.generic]) -> Floats:
    """Returns a label as float32, NaN where it is not known: an int that is missing is -1."""
    gains = labels.astype(np.float32)
    return np.where(gains < 0, np.nan, gains).astype(np.float32)


def _groups(column: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """Returns a number for each group; a row without one is in a group of its own."""
    values, groups = np.unique(column, return_inverse=True)
    lone = np.flatnonzero(np.isin(column, [b""]) if column.dtype == object else np.isnan(column))
    groups = groups.astype(np.int64)
    groups[lone] = len(values) + np.arange(len(lone))
    return groups
