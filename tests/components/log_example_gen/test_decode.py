import numpy as np
import pyarrow as pa
import tensorflow as tf

from components.log_example_gen.decode import ABSENT, hashes, present, read_columns
from components.log_example_gen.encode import examples, features
from components.log_example_gen.tfrecord import Shard
from schemas.columns import Column

COLUMNS = (
    Column("device", "text"),
    Column("price", "float"),
    Column("click", "int"),
    Column("history", "text", repeated=True),
)
FINGERPRINTS = [7313556432661986459, 1936946117179621456, 1878165872164243071]
ROWS = {
    "device": ["phone", None, "", "tv"],
    "price": [0.5, 0.0, None, -2.0],
    "click": [1, 0, None, -1],
    "history": [["a", "b"], [], None, ["c"]],
}


def write(folder, name="data.gz"):
    types = [pa.string(), pa.float32(), pa.int64(), pa.list_(pa.string())]
    arrays = [pa.array(values, kind) for values, kind in zip(ROWS.values(), types, strict=True)]
    with Shard(str(folder / name), str(folder)) as shard:
        shard.write(*examples(features(pa.RecordBatch.from_arrays(arrays, list(ROWS)))))
    return str(folder / name)


def test_what_was_encoded_comes_back(tmp_path):
    [found] = read_columns([write(tmp_path)], COLUMNS, set(ROWS))
    assert found.texts["device"].numpy().tolist() == [b"phone", ABSENT, b"", b"tv"]
    np.testing.assert_array_equal(found.numbers["price"], [0.5, 0.0, np.nan, -2.0])
    np.testing.assert_array_equal(found.numbers["click"], [1, 0, np.nan, -1])
    np.testing.assert_array_equal(found.numbers["history"], [2, 0, 0, 1])
    assert found.numbers["click"].dtype == np.float64


def test_only_wanted_columns_are_parsed_and_the_examples_are_whole(tmp_path):
    path = write(tmp_path)
    [found] = read_columns([path], COLUMNS, ["price"])
    assert (set(found.texts), set(found.numbers)) == (set(), {"price"})
    whole = tf.train.Example.FromString(found.serialized[0].numpy())
    assert whole.features.feature["device"].bytes_list.value[0] == b"phone"
    [nothing] = read_columns([path], COLUMNS, [])
    assert (nothing.texts, nothing.numbers, len(nothing.serialized)) == ({}, {}, 4)


def test_rows_come_in_batches_file_after_file(tmp_path):
    paths = [write(tmp_path, "a.gz"), write(tmp_path, "b.gz")]
    found = list(read_columns(paths, COLUMNS, ["price"], rows=3))
    assert [len(batch.serialized) for batch in found] == [3, 3, 2]


def test_hashes_are_the_same_in_every_process_and_release():
    # FarmHash64 of these bytes, modulo 2^63 - 1: a fold must hold the same users tomorrow.
    assert hashes(tf.constant(["u1", "", "Ünicode"])).tolist() == FINGERPRINTS


def test_an_absent_or_empty_text_names_nobody():
    assert present(tf.constant([b"u", ABSENT, b""])).numpy().tolist() == [True, False, False]
