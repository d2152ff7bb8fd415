"""What Transform learns of a few rows, without a pipeline around it."""

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import metadata_io

from models.preprocessing import preprocessing_fn
from models.requests import DTYPES
from models.spec import ModelSpec
from schemas.spans import SPANS_FILE


def learn(
    spec: ModelSpec, rows: Iterable[Mapping[str, Sequence[object]]], folder: Path
) -> tft.TFTransformOutput:
    """Writes into a folder what the component writes, and returns it.

    Args:
        spec: of the model, with the spans that its run came to read.
        rows: the values of each column, a list; one that lacks is empty.
        folder: is made.
    """
    columns = {column.name: tf.io.VarLenFeature(DTYPES[column.type]) for column in spec.columns}
    raw = tft.DatasetMetadata.from_feature_spec(columns)
    whole = [{name: row.get(name, []) for name in columns} for row in rows]
    with tempfile.TemporaryDirectory() as place, tft_beam.Context(temp_dir=place):
        transform_fn = (whole, raw) | tft_beam.AnalyzeDataset(
            lambda inputs: preprocessing_fn(inputs, {"spec": spec.model_dump_json()})
        )
        _ = transform_fn | tft_beam.WriteTransformFn(str(folder))
    metadata_io.write_metadata(raw, str(folder / tft.TFTransformOutput.RAW_METADATA_DIR))
    (folder / SPANS_FILE).write_text(json.dumps(spec.spans), encoding="utf-8")
    return tft.TFTransformOutput(str(folder))
