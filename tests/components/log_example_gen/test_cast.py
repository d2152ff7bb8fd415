import collections

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest

from components.log_example_gen import cast as module
from components.log_example_gen.cast import Field, column_fields, compose, fields, id_fields
from components.log_example_gen.read import Rows
from components.log_example_gen.rejects import Rejects
from schemas.columns import Column

MIB = 2**20


def cast(columns, wanted, first=1):
    """Casts columns, Arrow arrays or lists; returns rows, their numbers and the rejects."""
    batch = pa.RecordBatch.from_pydict(columns)
    rejects = Rejects("clicks", "a.csv")
    rows = Rows(batch, np.arange(first, first + batch.num_rows))
    typed, numbers = module.cast(rows, wanted, rejects)
    return typed.to_pydict(), numbers.tolist(), rejects


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


def test_the_fields_of_one_id_have_one_name():
    assert id_fields(("user", "request"), "id") == (
        Field("user", "id", "id"),
        Field("request", "id", "id"),
    )


def test_an_id_of_several_columns_and_an_event_of_its_own_are_cast(make_config):
    given = make_config(split={"by": "time", "eval": 1}).model_dump()
    for log in given["logs"].values():
        if isinstance(log, dict):
            log["id"] = ["user", "request"]
    given["logs"]["clicks"]["event_id"] = "click"
    given["logs"]["conversions"]["event_id"] = "order"
    found = fields(make_config(logs=given["logs"], split=given["split"]))
    assert found["impressions"][:3] == (
        Field("user", "impression_id", "id"),
        Field("request", "impression_id", "id"),
        Field("time", "impression_time", "time"),
    )
    identity = Field("user", "id", "id"), Field("request", "id", "id")
    assert found["clicks"] == (
        *identity,
        Field("time", "time", "time"),
        Field("click", "event", "id"),
    )
    assert found["conversions"] == (
        *identity,
        Field("time", "time", "time"),
        Field("order", "event", "id"),
        Field("price", "value", "amount"),
    )


def test_the_unit_of_each_clock_is_its_own(make_config):
    logs = make_config().model_dump()["logs"]
    logs["clicks"]["time"] = {"column": "at", "unit": "iso"}
    logs["impressions"]["time"] = {"column": "shown", "unit": "ms"}
    found = fields(make_config(logs=logs))
    assert found["clicks"][1] == Field("at", "time", "time", "iso")
    assert found["impressions"][1] == Field("shown", "impression_time", "time", "ms")


def test_good_rows_keep_their_order_and_bad_ones_are_refused_once(may_1):
    columns = {
        "unused": [0, 0, 0, 0, 0],
        "id": [b"a", b"", b"c", b"d", b"e"],
        "time": [f"{may_1}", f"{may_1}", "soon", f"{may_1 + 1}", "later"],
        "age": ["1.5", "x", "x", "", "2"],
    }
    wanted = [
        Field("id", "impression_id", "id"),
        Field("time", "impression_time", "time"),
        Field("age", "age", "number"),
    ]
    typed, numbers, rejects = cast(columns, wanted, first=11)
    assert typed == {
        "impression_id": ["a", "d"],
        "impression_time": [may_1 * 1_000_000, (may_1 + 1) * 1_000_000],
        "age": [1.5, None],
    }
    assert numbers == [11, 14]
    assert rejects.counts == {"id: missing": 1, "time: not a number": 2}
    refused = [(row["row"], row["column"], row["value"]) for row in rejects.take().to_pylist()]
    assert refused == [(12, "id", ""), (13, "time", "soon"), (15, "time", "later")]


def test_a_batch_without_a_bad_row_refuses_nothing():
    typed, numbers, rejects = cast({"age": [1, 2]}, [Field("age", "age", "number")])
    assert (typed, numbers) == ({"age": [1.0, 2.0]}, [1, 2])
    assert (rejects.counts, rejects.take().num_rows) == ({}, 0)


def test_a_batch_without_a_row_is_cast():
    wanted = [Field("id", "id", "id"), Field("age", "age", "number"), Field("h", "h", "texts")]
    columns = {"id": pa.array([], pa.string()), "age": pa.array([], pa.int8()), "h": pa.nulls(0)}
    assert cast(columns, wanted)[:2] == ({"id": [], "age": [], "h": []}, [])


@pytest.mark.parametrize(
    "kind, value, reason",
    [
        ("text", b"\xff", "not UTF-8"),
        ("number", b"x", "not a number"),
        ("number", b"nan", "NaN"),
        ("number", b"-inf", "infinite"),
        ("number", b"1e39", "too large for 32 bits"),
        ("amount", b"nan", "NaN"),
        ("amount", b"inf", "infinite"),
        ("label", b"2", "not 0 or 1"),
        ("id", b"", "missing"),
        ("time", b"", "missing"),
        ("time", b"5", "outside 1990 to 2100"),
        ("texts", b"\xff", "not UTF-8"),
    ],
)
def test_every_kind_refuses_under_the_name_of_the_column_in_the_file(kind, value, reason):
    typed, numbers, rejects = cast({"raw": [value]}, [Field("raw", "name", kind)])
    assert (typed, numbers, rejects.counts) == ({"name": []}, [], {f"raw: {reason}": 1})
    [row] = rejects.take().to_pylist()
    assert (row["row"], row["column"], row["reason"]) == (1, "raw", reason)


@pytest.mark.parametrize("kind", ["text", "texts", "number", "amount", "label"])
@pytest.mark.parametrize("value", [b"", None])
def test_nothing_but_an_id_and_a_time_must_be_there(kind, value):
    typed, numbers, _ = cast({"raw": [value]}, [Field("raw", "name", kind)])
    assert (typed["name"], numbers) == ([[] if kind == "texts" else None], [1])


@pytest.mark.parametrize("kind", ["id", "text", "texts"])
@pytest.mark.parametrize("letter, bytes_each", [("a", 1), ("\u00df", 2)])
def test_a_text_of_a_mebibyte_is_kept_and_one_larger_is_refused(kind, letter, bytes_each):
    full = letter * (MIB // bytes_each)
    typed, numbers, rejects = cast({"raw": [full, full + "b"]}, [Field("raw", "name", kind)])
    assert typed["name"] == [[full] if kind == "texts" else full]
    assert numbers == [1]
    assert rejects.counts == {"raw: larger than 1 MiB": 1}
    [row] = rejects.take().to_pylist()
    assert (row["row"], row["value"]) == (2, letter * 199 + "\u2026")


def test_a_list_is_as_large_as_its_texts_together():
    half = "a" * (MIB // 2)
    lists = [["b"], [half, half], None, [], [half, "", half, "b"], [half + "b"]]
    typed, numbers, rejects = cast({"raw": lists}, [Field("raw", "name", "texts")])
    assert typed["name"] == [["b"], [half, half], [], [], [half + "b"]]
    assert numbers == [1, 2, 3, 4, 6]
    assert rejects.counts == {"raw: larger than 1 MiB": 1}


def test_the_parts_of_an_id_become_one_id_where_the_first_stood():
    wanted = [Field("user", "id", "id"), Field("age", "age", "number"), Field("n", "id", "id")]
    columns = {"user": ["a|b", "a", "c\\"], "age": [1, 2, 3], "n": [7, 8.0, None]}
    typed, numbers, rejects = cast(columns, wanted)
    assert typed == {"id": [r"a\|b|7", "a|8"], "age": [1.0, 2.0]}
    assert numbers == [1, 2]
    assert rejects.counts == {"n: missing": 1}


def test_a_number_is_the_same_part_of_an_id_in_any_type():
    wanted = id_fields(("user", "n"), "id")
    forms = [[1, 20], [1.0, 20.0], ["1", "20"], ["1.0", "20.0"], [b"1", b"20"]]
    found = {tuple(cast({"user": form, "n": form}, wanted)[0]["id"]) for form in forms}
    assert found == {("1|1", "20|20")}


texts = st.text(st.sampled_from("ab|\\"), min_size=1, max_size=4)


@hypothesis.given(st.integers(2, 3).flatmap(lambda n: st.sets(st.tuples(*[texts] * n), min_size=1)))
@hypothesis.settings(deadline=None)
def test_different_parts_make_different_ids(rows):
    parts = [pa.array(part) for part in zip(*rows, strict=True)]
    assert len(set(compose(parts).to_pylist())) == len(rows)


@hypothesis.given(st.lists(st.tuples(texts, texts), min_size=1))
@hypothesis.settings(deadline=None)
def test_an_id_of_parts_is_spelt_as_said(rows):
    def escaped(part):
        return part.replace("\\", "\\\\").replace("|", "\\|")

    parts = [pa.array(part) for part in zip(*rows, strict=True)]
    assert compose(parts).to_pylist() == [f"{escaped(a)}|{escaped(b)}" for a, b in rows]


def test_a_column_that_can_hold_no_such_value_is_an_error():
    with pytest.raises(TypeError, match=r"column 'age': a number a row was expected, but .* list"):
        cast({"age": [[1.0]]}, [Field("age", "age", "number")])


def test_the_separator_and_the_unit_of_a_column_are_used(may_1):
    wanted = [Field("h", "h", "texts", separator=";"), Field("t", "t", "time", "ms")]
    typed, _, _ = cast({"h": ["a;b|c"], "t": [may_1 * 1000]}, wanted)
    assert typed == {"h": [["a", "b|c"]], "t": [may_1 * 1_000_000]}


def test_a_bad_value_of_any_type_is_told_as_text():
    years = pa.array([2**60, None], pa.timestamp("us"))
    _, _, rejects = cast({"t": years}, [Field("t", "t", "time")])
    told = [(row["reason"], row["value"]) for row in rejects.take().to_pylist()]
    assert told == [
        ("missing", None),
        ("outside 1990 to 2100", "<value out of range: 1152921504606846976>"),
    ]


@hypothesis.given(
    st.lists(st.sampled_from(["1", "0", "", "x", "nan", "inf", "\udc80"]), max_size=20)
)
@hypothesis.settings(deadline=None)
def test_every_row_is_either_typed_or_refused(values):
    raw = pa.array([value.encode(errors="surrogateescape") for value in values], pa.binary())
    typed, numbers, rejects = cast(
        {"id": raw, "age": raw}, [Field("id", "id", "id"), Field("age", "age", "number")]
    )
    good = [i for i, value in enumerate(values, 1) if value in ("0", "1")]
    assert numbers == good
    assert typed["id"] == [values[i - 1] for i in good]
    refused = {"": "id: missing", "\udc80": "id: not UTF-8"}
    refused |= {"x": "age: not a number", "nan": "age: NaN", "inf": "age: infinite"}
    assert rejects.counts == collections.Counter(refused[v] for v in values if v in refused)
    told = rejects.take()
    assert sorted(told["row"].to_pylist() + numbers) == list(range(1, len(values) + 1))
