import math

import pytest
import tensorflow as tf

from models.preprocessing import leading


@pytest.fixture
def packed(tiny):
    return tiny.packed


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


def test_the_transform_graph_lives_without_labels(tiny):
    layer = tiny.transform().transform_features_layer()
    empty = {
        name: tf.SparseTensor(
            tf.zeros([0, 2], tf.int64),
            tf.zeros([0], tf.float32 if name in ("age", "price", "stock") else tf.string),
            [2, 0],
        )
        for name in tiny.spec.features
    }
    answer = layer(empty)
    assert answer["ids_8"].numpy().tolist() == [[0, 4], [0, 4]]
    assert answer["dense"].numpy().tolist() == [[0, 0], [0, 0]]
