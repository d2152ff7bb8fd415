import datetime

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest

from components.log_example_gen import rejects as module
from components.log_example_gen.rejects import Rejects, rejects_table, spell, why

_SUMMER = datetime.timezone(datetime.timedelta(hours=2))


@pytest.fixture
def rejects():
    return Rejects("clicks", "a.csv")


def reject(row, reason, scope="row", column=None, value=None):
    return {
        "log": "clicks",
        "file": "a.csv",
        "row": row,
        "column": column,
        "value": value,
        "reason": reason,
        "scope": scope,
    }


def test_a_refused_row_is_kept_with_its_place_its_value_and_the_reason(rejects):
    rejects.rows(np.array([3, 8]), "missing", "id", pa.array([b"", None]))
    found = rejects.take()
    assert found.schema == module.REJECTS_SCHEMA
    assert found.to_pylist() == [
        reject(3, "missing", column="id", value=""),
        reject(8, "missing", column="id"),
    ]


def test_a_row_that_is_wrong_as_a_whole_has_no_column_and_its_text_as_value(rejects):
    rejects.rows(np.array([3]), "1 fields instead of 2", None, [b"abc"])
    assert rejects.counts == {"row: 1 fields instead of 2": 1}
    assert rejects.take().to_pylist() == [reject(3, "1 fields instead of 2", value="abc")]


def test_rows_are_counted_by_column_and_reason(rejects):
    rejects.rows(np.array([1, 2]), "missing", "id")
    rejects.rows(np.array([3]), "missing", "id")
    rejects.rows(np.array([4]), "missing", "time")
    assert rejects.counts == {"id: missing": 3, "time: missing": 1}


def test_to_refuse_no_row_is_to_refuse_nothing(rejects):
    rejects.rows(np.array([], np.int64), "missing", "id", pa.array([], pa.string()))
    assert (rejects.counts, rejects.firsts) == ({}, {})
    assert rejects.take().num_rows == 0


def test_the_first_of_each_reason_is_remembered(rejects):
    rejects.rows(np.array([5, 6]), "missing", "id", ["", None])
    rejects.rows(np.array([1]), "missing", "id", [""])
    rejects.rows(np.array([7]), "missing", "time", [None])
    rejects.note("no rows")
    rejects.take()
    assert rejects.firsts == {
        ("clicks", "row", "id: missing"): reject(5, "missing", column="id", value=""),
        ("clicks", "row", "time: missing"): reject(7, "missing", column="time"),
        ("clicks", "note", "note: no rows"): reject(None, "no rows", "note"),
    }


def test_a_file_that_breaks_off_is_broken_once_and_no_row(rejects):
    assert rejects.broken_files == 0
    rejects.broken("is cut short", 41)
    rejects.broken("cannot be read")
    assert (rejects.broken_files, rejects.counts) == (1, {})
    assert rejects.take().to_pylist() == [
        reject(41, "is cut short", "file"),
        reject(None, "cannot be read", "file"),
    ]


def test_what_is_only_odd_refuses_no_row_and_breaks_no_file(rejects):
    rejects.note("no rows")
    rejects.note("always 0", "age")
    assert (rejects.broken_files, rejects.counts) == (0, {})
    assert rejects.take().to_pylist() == [
        reject(None, "no rows", "note"),
        reject(None, "always 0", "note", column="age"),
    ]


def test_what_was_taken_is_not_taken_again_but_still_counted(rejects):
    rejects.rows(np.array([1]), "missing", "id")
    rejects.take()
    rejects.rows(np.array([2]), "missing", "id")
    assert rejects.take()["row"].to_pylist() == [2]
    assert rejects.take().equals(module.REJECTS_SCHEMA.empty_table())
    assert rejects.counts == {"id: missing": 2}


def test_a_reason_says_what_it_is_about():
    assert why("row", "id", "missing") == "id: missing"
    assert why("row", None, "too long") == "row: too long"
    assert why("file", None, "cut short") == "file: cut short"


def test_rejects_of_several_files_name_each():
    table = rejects_table(
        "clicks", ["a", "b"], pa.array([1, 2]), "orphan", column="id", values=["x", "y"]
    )
    assert table.select(["file", "row", "value", "scope"]).to_pylist() == [
        {"file": "a", "row": 1, "value": "x", "scope": "row"},
        {"file": "b", "row": 2, "value": "y", "scope": "row"},
    ]


@pytest.mark.parametrize(
    "values, expected",
    [
        ([1, None, -2], ["1", None, "-2"]),
        ([1.5, float("nan"), float("inf")], ["1.5", "nan", "inf"]),
        ([True], ["True"]),
        ([["a", None], []], ["['a', None]", "[]"]),
        ([b"a", b"\xff\xc3\xa9", None, b""], ["a", "\\xff\u00e9", None, ""]),
        ([datetime.date(2024, 5, 1)], ["2024-05-01"]),
        ([datetime.datetime(2024, 5, 1, 12)], ["2024-05-01 12:00:00.000000"]),
        ([datetime.datetime(2024, 5, 1, 12, tzinfo=_SUMMER)], ["2024-05-01 10:00:00.000000"]),
    ],
)
def test_a_value_of_any_type_is_spelt(values, expected):
    assert spell(pa.array(values)).to_pylist() == expected
    assert spell(pa.chunked_array([values, values])).to_pylist() == expected * 2


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("us", "UTC"), pa.date64()])
def test_a_date_that_python_does_not_know_is_spelt_by_its_number(kind):
    assert spell(pa.array([2**60], kind)).to_pylist() == [f"<value out of range: {2**60}>"]


@hypothesis.given(st.text(st.sampled_from("a\u00df\u20ac\U0001f600"), max_size=900))
@hypothesis.settings(deadline=None)
def test_a_long_text_is_cut_to_200_characters_and_says_so(text):
    expected = text if len(text) <= 200 else text[:199] + "\u2026"
    assert spell([text, text.encode()]).to_pylist() == [expected] * 2


@pytest.mark.parametrize("letter", ["a", "\U0001f600"])
def test_a_text_of_200_characters_is_whole_and_one_of_201_is_not(letter):
    spelt = spell([(letter * length).encode() for length in (200, 201)]).to_pylist()
    assert spelt == [letter * 200, letter * 199 + "\u2026"]
