"""ServingCheck: loads the exported model and tries its doors on rows of the evaluation split."""

import itertools
import json
import os
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from pydantic import TypeAdapter
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import Examples, InfraBlessing, Model
from tfx.utils import io_utils, path_utils

from components.serving_check.invariants import (
    TOLERANCE,
    broken_invariants,
    column_tensors,
    largest_gap,
)
from schemas.columns import Column
from schemas.heads import Head, outputs

ROWS = 256
DOORS = ("serving_default", "predict_columns")
_BLESSED_FILE = "INFRA_BLESSED"


def first_examples(examples: Examples, split: str, rows: int) -> list[bytes]:
    """Returns at most `rows` serialized examples of a split."""
    uri = artifact_utils.get_split_uris([examples], split)[0]
    files = sorted(fileio.glob(os.path.join(uri, "*")))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP")
    return list(itertools.islice(records.as_numpy_iterator(), rows))


def check_model(
    path: str, examples: list[bytes], columns: tuple[Column, ...], heads: Mapping[str, Head]
) -> list[str]:
    """Returns a sentence for each thing that is wrong with a SavedModel; none if it may serve.

    Args:
        path: of the SavedModel.
        examples: serialized raw examples to try it on.
        columns: of the examples; features and extras are the model's inputs.
        heads: what the model must answer.
    """
    if not examples:
        return ["there is no example in the eval split to try it on"]
    signatures = tf.saved_model.load(path).signatures
    closed = [door for door in DOORS if door not in signatures]
    if closed:
        return [f"it has no signature {' nor '.join(closed)}, only {', '.join(sorted(signatures))}"]
    by_example = _numpy(signatures["serving_default"](tf.constant(examples)))
    inputs = tuple(column for column in columns if column.role in ("feature", "extra"))
    by_column = _numpy(signatures["predict_columns"](**column_tensors(examples, inputs)))
    wrong = broken_invariants(by_example, outputs(heads))
    name, gap = largest_gap(by_example, by_column)
    if not gap <= TOLERANCE:
        wrong.append(f"serving_default and predict_columns differ by {gap:.2g} in {name}")
    single = _numpy(signatures["serving_default"](tf.constant(examples[:1])))
    name, gap = largest_gap({key: value[:1] for key, value in by_example.items()}, single)
    if not gap <= TOLERANCE:
        wrong.append(f"a batch of one differs from a row of a batch by {gap:.2g} in {name}")
    return wrong


def _numpy(answers: Mapping[str, tf.Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in answers.items()}


@component
def ServingCheck(
    model: InputArtifact[Model],
    examples: InputArtifact[Examples],
    blessing: OutputArtifact[InfraBlessing],
    columns: Parameter[str],
    heads: Parameter[str],
) -> None:
    """Fails the run if the model answers wrongly.

    Raises:
        ValueError: naming every rule broken.
    """
    wrong = check_model(
        path_utils.serving_model_path(model.uri),
        first_examples(examples, "eval", ROWS),
        tuple(Column(**column) for column in json.loads(columns)),
        TypeAdapter(dict[str, Head]).validate_json(heads),
    )
    if wrong:
        raise ValueError(f"the exported model cannot serve: {'; '.join(wrong)}")
    fileio.makedirs(blessing.uri)
    io_utils.write_string_file(os.path.join(blessing.uri, _BLESSED_FILE), "")
    blessing.set_int_custom_property("blessed", 1)
