import math
import tempfile

import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from pydantic import TypeAdapter
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

from models.config import ModelConfig, TrainingConfig
from models.preprocessing import leading, preprocessing_fn
from models.spec import ModelSpec
from schemas.columns import Column
from schemas.features import Feature

FEATURES = TypeAdapter(dict[str, Feature]).validate_python(
    {
        "item": {
            "kind": "categorical",
            "side": "item",
            "vocabulary": {"max_size": 2, "min_count": 2, "oov": 1},
            "width": 8,
        },
        "city": {"kind": "categorical", "side": "user", "hash": 5, "width": 8},
        "age": {
            "kind": "numeric",
            "side": "user",
            "transform": "quantiles",
            "buckets": 2,
            "width": 4,
        },
        "history": {"kind": "sequence", "side": "user", "shares": "item", "max_length": 3},
        "price": {"kind": "numeric", "side": "item"},
        "stock": {"kind": "numeric", "side": "item", "transform": "log"},
    }
)
SPEC = ModelSpec(
    name="tiny",
    columns=tuple(
        Column(name, kind, repeated=name == "history")
        for name, kind in {
            "item": "text",
            "city": "text",
            "age": "float",
            "history": "text",
            "price": "float",
            "stock": "float",
        }.items()
    )
    + (Column("click", "int", role="label"),),
    features=FEATURES,
    heads={},
    labels=("click",),
    model=ModelConfig(),
    training=TrainingConfig(),
)
# item: a x3 and b x2 are known, c is seen once; the rest as named.
ROWS = [
    {"item": ["a"], "city": ["x"], "age": [10.0], "history": ["b", "z", "a", "b"], "price": [1.0]},
    {"item": ["a"], "age": [20.0], "history": [], "price": [3.0], "stock": [math.e - 1]},
    {"item": ["a"], "city": [""], "age": [30.0], "price": [math.nan], "stock": [0.0]},
    {"item": ["b"], "city": ["x"], "age": [40.0], "price": [math.inf]},
    {"item": ["b"], "city": ["y"], "price": [2.0]},
    {"item": ["c"], "city": ["y"], "price": []},
]
CLICKS = [[1], [0], [0], [1], [], [0]]


@pytest.fixture(scope="module")
def packed():
    rows = [
        {
            **{name: row.get(name, []) for name in FEATURES},
            "click": clicks,
        }
        for row, clicks in zip(ROWS, CLICKS, strict=True)
    ]
    dtypes = {"text": tf.string, "float": tf.float32, "int": tf.int64}
    metadata = dataset_metadata.DatasetMetadata(
        schema_utils.schema_from_feature_spec(
            {c.name: tf.io.VarLenFeature(dtypes[c.type]) for c in SPEC.columns}
        )
    )
    with tft_beam.Context(temp_dir=tempfile.mkdtemp()):
        (data, _), _ = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(
            lambda inputs: preprocessing_fn(inputs, {"spec": SPEC.model_dump_json()})
        )
    return data


def column(packed, name):
    return [row[name].tolist() for row in packed]


def test_a_known_value_has_its_own_row_and_an_unknown_one_shares_a_bucket(packed):
    items = [row["ids_8"][0] for row in packed]
    assert items == [2, 2, 2, 3, 3, 1]  # row 0 is missing, row 1 the one bucket for unknown values


def test_a_hashed_value_lies_after_the_table_before_and_a_missing_one_is_its_first_row(packed):
    cities = [row["ids_8"][1] for row in packed]
    offset = 4  # item has 1 + 1 + 2 rows
    x = offset + 1 + int(tf.strings.to_hash_bucket_fast("x", 5))
    y = offset + 1 + int(tf.strings.to_hash_bucket_fast("y", 5))
    assert cities == [x, offset, offset, x, y, y]


def test_a_number_falls_into_its_quantile_bucket_and_a_missing_one_into_row_0(packed):
    assert [row["ids_4"][0] for row in packed] == [1, 1, 2, 2, 0, 0]


def test_a_sequence_keeps_its_first_values_in_the_table_it_shares(packed):
    assert column(packed, "sequence_history") == [[3, 1, 2], *[[0, 0, 0]] * 5]


def test_numbers_are_standardised_and_missing_nan_and_infinite_ones_are_the_mean(packed):
    deviation = math.sqrt(2 / 3)  # of 1, 3 and 2
    expected = [-1 / deviation, 1 / deviation, 0, 0, 0, 0]
    assert [row["dense"][0] for row in packed] == pytest.approx(expected, abs=1e-6)


def test_log_takes_the_logarithm_before_it_standardises(packed):
    # log(1 + x) of e - 1 and 0 are 1 and 0: mean and deviation are both a half.
    assert [row["dense"][1] for row in packed] == pytest.approx([0, 1, -1, 0, 0, 0], abs=1e-6)


def test_a_zero_label_is_a_zero_and_a_missing_one_is_nan(packed):
    labels = [row["labels"][0] for row in packed]
    assert labels[:4] == [1, 0, 0, 1] and math.isnan(labels[4]) and labels[5] == 0


def test_leading_cuts_long_rows_and_pads_short_ones():
    values = tf.sparse.from_dense([[1, 2, 3], [4, 0, 0]])
    assert leading(values, 2, -1).numpy().tolist() == [[1, 2], [4, -1]]
    assert leading(values, 4, -1).numpy().tolist() == [[1, 2, 3, -1], [4, -1, -1, -1]]


def test_the_transform_graph_lives_without_labels(tmp_path):
    rows = [{**{name: row.get(name, []) for name in FEATURES}, "click": [1]} for row in ROWS]
    dtypes = {"text": tf.string, "float": tf.float32, "int": tf.int64}
    metadata = dataset_metadata.DatasetMetadata(
        schema_utils.schema_from_feature_spec(
            {c.name: tf.io.VarLenFeature(dtypes[c.type]) for c in SPEC.columns}
        )
    )
    with tft_beam.Context(temp_dir=str(tmp_path / "temp")):
        _, transform_fn = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(
            lambda inputs: preprocessing_fn(inputs, {"spec": SPEC.model_dump_json()})
        )
        transform_fn | tft_beam.WriteTransformFn(str(tmp_path / "graph"))
    layer = tft.TFTransformOutput(str(tmp_path / "graph")).transform_features_layer()
    empty = {
        name: tf.SparseTensor(
            tf.zeros([0, 2], tf.int64),
            tf.zeros([0], tf.float32 if name in ("age", "price", "stock") else tf.string),
            [2, 0],
        )
        for name in FEATURES
    }
    answer = layer(empty)
    assert answer["ids_8"].numpy().tolist() == [[0, 4], [0, 4]]
    assert answer["dense"].numpy().tolist() == [[0, 0], [0, 0]]
