import pyarrow as pa
import pytest

from components.log_example_gen.cast import Field, cast, column_fields, fields
from schemas.columns import Column


def test_the_fields_of_the_logs_are_those_the_examples_need(make_config):
    assert fields(make_config()) == {
        "impressions": (
            Field("id", "impression_id", "id"),
            Field("time", "impression_time", "time"),
            Field("user", "user", "text"),
            Field("age", "age", "number"),
            Field("history", "history", "texts"),
            Field("user", "{key}", "text"),
        ),
        "clicks": (Field("id", "id", "id"), Field("time", "time", "time")),
        "conversions": (
            Field("id", "id", "id"),
            Field("time", "time", "time"),
            Field("price", "value", "amount"),
        ),
    }


def test_without_clicks_a_label_is_a_column_of_the_impressions(make_config):
    config = make_config(events=False, split={"by": "time", "eval": 1})
    assert fields(config)["impressions"][-1] == Field("click", "click", "label")


def test_every_type_of_column_has_its_rule():
    columns = [
        Column("a", "text"),
        Column("b", "float", role="extra"),
        Column("c", "int", role="label"),
        Column("d", "text", repeated=True, separator=";"),
    ]
    assert column_fields(columns) == (
        Field("a", "a", "text"),
        Field("b", "b", "number"),
        Field("c", "c", "label"),
        Field("d", "d", "texts", separator=";"),
    )


def test_good_rows_keep_their_order_and_bad_ones_are_counted(may_1):
    batch = pa.RecordBatch.from_pydict(
        {
            "unused": [0, 0, 0, 0, 0],
            "id": [b"a", b"", b"c", b"d", b"e"],
            "time": [f"{may_1}", f"{may_1}", "soon", f"{may_1 + 1}", "later"],
            "age": ["1.5", "x", "x", "", "2"],
        }
    )
    wanted = [
        Field("id", "impression_id", "id"),
        Field("time", "impression_time", "time"),
        Field("age", "age", "number"),
    ]
    typed, rejected = cast(batch, wanted)
    assert typed.to_pydict() == {
        "impression_id": ["a", "d"],
        "impression_time": [may_1 * 1_000_000, (may_1 + 1) * 1_000_000],
        "age": [1.5, None],
    }
    assert rejected == {"id: missing": 1, "time: not a number": 2}
    assert typed.num_rows + sum(rejected.values()) == batch.num_rows


@pytest.mark.parametrize(
    "kind, value, reason",
    [
        ("text", b"\xff", "not UTF-8"),
        ("number", b"x", "not a number"),
        ("amount", b"inf", "infinite"),
        ("label", b"2", "not 0 or 1"),
        ("id", b"", "missing"),
        ("time", b"5", "outside 1990 to 2100"),
        ("texts", b"\xff", "not UTF-8"),
    ],
)
def test_every_kind_rejects_under_the_name_of_the_column_in_the_file(kind, value, reason):
    batch = pa.RecordBatch.from_pydict({"raw": [value]})
    typed, rejected = cast(batch, [Field("raw", "name", kind)])
    assert (typed.num_rows, rejected) == (0, {f"raw: {reason}": 1})


def test_a_column_that_can_hold_no_such_value_is_an_error():
    batch = pa.RecordBatch.from_pydict({"age": [[1.0]]})
    with pytest.raises(TypeError, match=r"column 'age': a number a row was expected, but .* list"):
        cast(batch, [Field("age", "age", "number")])


def test_the_separator_and_the_unit_of_a_column_are_used(may_1):
    batch = pa.RecordBatch.from_pydict({"h": ["a;b|c"], "t": [may_1 * 1000]})
    typed, _ = cast(batch, [Field("h", "h", "texts", separator=";"), Field("t", "t", "time", "ms")])
    assert typed.to_pydict() == {"h": [["a", "b|c"]], "t": [may_1 * 1_000_000]}
