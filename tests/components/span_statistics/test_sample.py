import numpy as np
import pyarrow as pa
import pytest

from components.log_example_gen.encode import examples, features
from components.span_statistics.sample import table
from schemas.columns import Column

COLUMNS = (
    Column("item", "text"),
    Column("seen", "text", repeated=True),
    Column("price", "float"),
    Column("click", "int", role="label"),
)


def serialized(**columns):
    parts = examples(features(pa.RecordBatch.from_pydict(columns)))
    return [b"".join(row) for row in zip(*(part.to_pylist() for part in parts), strict=True)]


def test_the_columns_that_are_compared_become_lists():
    found = table(
        serialized(
            item=pa.array(["a", None]),
            seen=pa.array([["x", "y"], []], pa.list_(pa.string())),
            price=pa.array([None, 2.5], pa.float32()),
            click=pa.array([1, 0]),
        ),
        COLUMNS,
    )
    assert found.to_pydict() == {
        "item": [[b"a"], None],
        "seen": [[b"x", b"y"], None],
        "price": [None, [2.5]],
    }


def test_no_rows_give_empty_columns():
    found = table([], COLUMNS)
    assert (found.num_rows, found.schema.names) == (0, ["item", "seen", "price"])


def test_rows_of_weight_ten_come_ten_times_as_often():
    rows = 2000
    weights = np.where(np.arange(rows) % 2, 10.0, 1.0)
    found = table(
        serialized(
            item=pa.array(["heavy" if weight > 1 else "light" for weight in weights]),
            seen=pa.nulls(rows, pa.list_(pa.string())),
            price=pa.nulls(rows, pa.float32()),
            click=pa.array([0] * rows),
            example_weight=pa.array(weights, pa.float32()),
        ),
        (*COLUMNS, Column("example_weight", "float", role="outcome")),
    )
    assert found.schema.names == ["item", "seen", "price"]
    heavy = sum(value == [b"heavy"] for value in found["item"].to_pylist())
    assert heavy / rows == pytest.approx(10 / 11, abs=0.03)
