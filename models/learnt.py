"""What Transform has learnt of the training data, read out of its graph."""

import dataclasses
import posixpath
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from models.requests import DTYPES
from models.spec import ModelSpec
from schemas.features import Categorical
from schemas.layout import is_learnt, learnt_name
from schemas.spans import SPANS_FILE, parse_spans


@dataclasses.dataclass(frozen=True)
class Learnt:
    """What a request must be transformed with.

    Attributes:
        vocabularies: by feature the file of its known values, one a line.
        numbers: by feature the boundaries of its buckets, [n], or its mean and its standard
            deviation, [2]; float32.
    """

    vocabularies: Mapping[str, str]
    numbers: Mapping[str, np.ndarray]


def read_learnt(transform: tft.TFTransformOutput, spec: ModelSpec) -> Learnt:
    """Returns what the transform of a spec has learnt."""
    nothing = {
        column.name: tf.SparseTensor(
            tf.zeros([0, 2], tf.int64), tf.zeros([0], DTYPES[column.type]), [1, 0]
        )
        for column in spec.inputs()
        if column.name in spec.features
    }
    answers = transform.transform_features_layer()(nothing)
    names = {learnt_name(name): name for name in spec.features}
    return Learnt(
        vocabularies(transform, spec),
        {names[n]: v[0].numpy() for n, v in answers.items() if is_learnt(n) and n in names},
    )


def spec_of_run(text: str, transform_graph: str) -> ModelSpec:
    """Returns a spec as the graph was told it, with the spans that this run came to read.

    Args:
        text: a ModelSpec as JSON.
        transform_graph: what Transform wrote.
    """
    with tf.io.gfile.GFile(posixpath.join(transform_graph, SPANS_FILE)) as file:
        spans = parse_spans(file.read())
    told = ModelSpec.model_validate_json(text)
    return told.model_copy(update={"spans": tuple(span.isoformat() for span in spans)})


def vocabularies(transform: tft.TFTransformOutput, spec: ModelSpec) -> dict[str, str]:
    """Returns by feature the file of its known values."""
    found = {
        name: transform.vocabulary_file_by_name(name)
        for name, feature in spec.features.items()
        if isinstance(feature, Categorical) and feature.vocabulary is not None
    }
    return {name: file for name, file in found.items() if file is not None}


def vocabulary_sizes(transform: tft.TFTransformOutput, spec: ModelSpec) -> dict[str, int]:
    """Returns by feature how many values are known."""
    return {name: transform.vocabulary_size_by_name(name) for name in vocabularies(transform, spec)}


def keep_transform(transform: tft.TFTransformOutput, directory: str) -> None:
    """Copies what training was fed by, so that whoever has the model can repeat it.

    That is the graph with its vocabularies, and how raw rows parse: as large as the vocabularies.

    Args:
        transform: output of TFX's Transform.
        directory: where to write what `tft.TFTransformOutput` reads.
    """
    root = posixpath.dirname(transform.transform_savedmodel_dir)
    for folder in (
        transform.TRANSFORM_FN_DIR,
        transform.TRANSFORMED_METADATA_DIR,
        transform.RAW_METADATA_DIR,
    ):
        for place, _, files in tf.io.gfile.walk(f"{root}/{folder}"):
            copy = f"{directory}{place.removeprefix(root)}"
            tf.io.gfile.makedirs(copy)
            for file in files:
                tf.io.gfile.copy(f"{place}/{file}", f"{copy}/{file}", overwrite=True)
