"""Requests to values: what a client sends, checked and brought into one form."""

import dataclasses
from collections.abc import Mapping, Sequence

import tensorflow as tf

from schemas.columns import Column, length_name

DTYPES = {"text": tf.string, "float": tf.float32, "int": tf.int64}


@dataclasses.dataclass(frozen=True)
class Values:
    """The raw values of the rows of a request.

    Attributes:
        texts: by column, [B]; "" is missing.
        numbers: by column, [B] float32; NaN is missing.
        lists: by column, ragged [B, (L)].
    """

    texts: Mapping[str, tf.Tensor]
    numbers: Mapping[str, tf.Tensor]
    lists: Mapping[str, tf.RaggedTensor]


def example_spec(columns: Sequence[Column]) -> dict[str, tf.io.FixedLenFeature]:
    """Returns how an example of a request parses: a column has one value or none, a list any."""
    return {column.name: _feature(column) for column in columns}


def _feature(column: Column) -> tf.io.FixedLenFeature | tf.io.RaggedFeature:
    dtype = DTYPES[column.type]
    if column.repeated:
        return tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
    # Twice as fast as features of any length: most of what a request costs is read here.
    return tf.io.FixedLenFeature([], dtype, "" if column.type == "text" else float("nan"))


def values_of_examples(examples: tf.Tensor, columns: Sequence[Column]) -> Values:
    """Returns the values of serialized examples, strings [B].

    Raises:
        InvalidArgumentError: in the graph, if they have another shape, or one of them is no
            example, or its feature has another kind, or not one value, where one is expected.
    """
    examples = tf.ensure_shape(examples, [None])
    return _values(tf.io.parse_example(examples, example_spec(columns)), columns)


def column_specs(columns: Sequence[Column], rows: int | None = None) -> dict[str, tf.TensorSpec]:
    """Returns what a request by columns brings, by name.

    Args:
        columns: of a request.
        rows: how many rows it has; None is any number.
    """
    specs = {}
    for column in columns:
        shape = [rows, None] if column.repeated else [rows]
        specs[column.name] = tf.TensorSpec(shape, DTYPES[column.type], name=column.name)
        if column.repeated:
            name = length_name(column.name)
            specs[name] = tf.TensorSpec([rows], tf.int64, name=name)
    return specs


def missing_columns(columns: Sequence[Column]) -> dict[str, tf.Tensor]:
    """Returns by name what stands for columns of one row that a request leaves out.

    Of a list that comes without its length all values count.
    """
    nothing: dict[str, tf.Tensor] = {}
    for column in columns:
        if column.repeated:
            nothing[column.name] = tf.zeros([1, 0], DTYPES[column.type])
            nothing[length_name(column.name)] = tf.constant([tf.int64.max])
        else:
            nothing[column.name] = tf.constant(["" if column.type == "text" else float("nan")])
    return nothing


def values_of_columns(
    given: Mapping[str, tf.Tensor], columns: Sequence[Column], rows: int | None = None
) -> Values:
    """Returns the values of columns: [B] each, lists [B, L] with their lengths [B].

    A server looks at the names and types of what it is sent, never at its shape.

    Args:
        given: columns by name.
        columns: what they are.
        rows: B; None is any number, the same for all.

    Raises:
        InvalidArgumentError: in the graph, if a column has another shape, or columns differ in B.
    """
    specs = column_specs(columns, rows)
    given = {name: tf.ensure_shape(given[name], spec.shape) for name, spec in specs.items()}
    with tf.control_dependencies(_same_rows(given)):
        return _values(
            {
                # TensorFlow takes a length below 0 for 0, and one above L for L.
                column.name: tf.RaggedTensor.from_tensor(
                    given[column.name], given[length_name(column.name)]
                )
                if column.repeated
                else tf.identity(given[column.name])
                for column in columns
            },
            columns,
        )


def _same_rows(given: Mapping[str, tf.Tensor]) -> list[tf.Operation]:
    """Returns what fails, in a graph, where columns differ in their number of rows."""
    if len(given) < 2 or all(values.shape[0] is not None for values in given.values()):
        return []
    rows = tf.stack([_rows(values) for values in given.values()])
    same = tf.reduce_all(tf.equal(rows, rows[0]))
    told = f"the columns of a request must have as many rows each; {', '.join(given)} have"
    return [tf.debugging.Assert(same, [told, rows], len(given))]


def _rows(values: tf.Tensor) -> tf.Tensor:
    return tf.size(values) if values.shape.rank == 1 else tf.shape(values)[0]


def _values(found: Mapping[str, tf.Tensor | tf.RaggedTensor], columns: Sequence[Column]) -> Values:
    single = [column for column in columns if not column.repeated]
    return Values(
        {column.name: found[column.name] for column in single if column.type == "text"},
        {column.name: found[column.name] for column in single if column.type != "text"},
        {column.name: found[column.name] for column in columns if column.repeated},
    )
