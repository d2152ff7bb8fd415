import numpy as np
import pytest
import tensorflow as tf

from models.requests import column_specs, missing_columns, values_of_columns, values_of_examples
from schemas.columns import Column

COLUMNS = (
    Column("city", "text"),
    Column("age", "float"),
    Column("history", "text", repeated=True),
)


def example(**features):
    found = tf.train.Example()
    for name, value in features.items():
        feature = found.features.feature[name]
        if name == "age":
            feature.float_list.value.append(value)
        elif name == "history":
            feature.bytes_list.value.extend(value)
        else:
            feature.bytes_list.value.append(value)
    return found.SerializeToString()


def given(**changes):
    columns = {
        "city": tf.constant(["x", "", "y"]),
        "age": tf.constant([1.0, np.nan, 3.0]),
        "history": tf.constant([["a", "b"], ["c", "?"], ["?", "?"]]),
        "history_length": tf.constant([2, 1, 0], tf.int64),
    }
    return columns | changes


def test_what_an_example_leaves_out_is_missing():
    found = values_of_examples(
        tf.constant([example(city=b"x", age=1.0, history=[b"a", b"b"]), b""]), COLUMNS
    )
    assert found.texts["city"].numpy().tolist() == [b"x", b""]
    np.testing.assert_array_equal(found.numbers["age"], [1, np.nan])
    assert found.lists["history"].to_list() == [[b"a", b"b"], []]


@pytest.mark.parametrize("examples", [b"", [[b""]]])
def test_examples_of_another_shape_are_refused(examples):
    @tf.function(input_signature=[tf.TensorSpec(None, tf.string)], autograph=False)
    def answer(examples):
        return values_of_examples(examples, COLUMNS).texts["city"]

    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible with expected shape"):
        answer(tf.constant(examples))


def test_a_list_ends_after_its_length():
    found = values_of_columns(given(), COLUMNS)
    assert found.lists["history"].to_list() == [[b"a", b"b"], [b"c"], []]


@pytest.mark.parametrize(("length", "expected"), [(-5, 0), (7, 2), (2**62, 2)])
def test_a_length_that_cannot_be_is_the_nearest_that_can(length, expected):
    lengths = tf.constant([length] * 3, tf.int64)
    found = values_of_columns(given(history_length=lengths), COLUMNS)
    assert found.lists["history"].row_lengths().numpy().tolist() == [expected] * 3


def test_columns_of_another_number_of_rows_are_refused_by_name():
    @tf.function(input_signature=[column_specs(COLUMNS)], autograph=False)
    def answer(columns):
        found = values_of_columns(columns, COLUMNS)
        return tf.strings.join([found.texts["city"], tf.strings.as_string(found.numbers["age"])])

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"city, age, .* have"):
        answer(given(age=tf.constant([1.0, 2.0])))


def test_a_column_of_one_row_is_refused_where_it_has_two():
    columns = {"city": tf.constant(["x", "y"])}
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError), match="shape"):
        values_of_columns(columns, COLUMNS[:1], rows=1)


def test_a_column_that_is_left_out_stands_as_one_missing_value():
    nothing = missing_columns(COLUMNS)
    found = values_of_columns(nothing, COLUMNS, rows=1)
    assert found.texts["city"].numpy().tolist() == [b""]
    assert np.isnan(found.numbers["age"].numpy()).all()
    assert found.lists["history"].to_list() == [[]]
    assert set(nothing) == set(column_specs(COLUMNS))


def test_a_list_without_its_length_counts_whole():
    sent = {"history": tf.constant([["a", "b"]])}
    found = values_of_columns(missing_columns(COLUMNS) | sent, COLUMNS, rows=1)
    assert found.lists["history"].to_list() == [[b"a", b"b"]]
