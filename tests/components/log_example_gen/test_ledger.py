import datetime

import numpy as np
import pytest

from components.log_example_gen import ledger
from components.log_example_gen.ledger import Account, FileAccount
from components.log_example_gen.rejects import Rejects

A, B, C = "impressions/a.csv", "impressions/b.csv", "clicks/a.csv"
GOOD = {
    ("impressions", A, "read"): 10,
    ("impressions", A, "rejected", "time: missing"): 2,
    ("impressions", A, "rejected", "id: missing"): 1,
    ("impressions", A, "duplicates"): 1,
    ("impressions", A, "conflicts"): 1,
    ("impressions", A, "after_cutoff"): 1,
    ("impressions", A, "sampled_out"): 1,
    ("impressions", A, "examples"): 3,
    ("impressions", B, "read"): 2,
    ("impressions", B, "examples"): 2,
    ("clicks", C, "read"): 9,
    ("clicks", C, "rejected", "time: missing"): 1,
    ("clicks", C, "duplicates"): 1,
    ("clicks", C, "conflicts"): 1,
    ("clicks", C, "orphans"): 1,
    ("clicks", C, "other_spans"): 1,
    ("clicks", C, "outside_window"): 1,
    ("clicks", C, "repeated"): 1,
    ("clicks", C, "joined"): 2,
}


ONE_ROW = ledger.Content(1, 255)


def first(file, row=2, scope="row", reason="missing", column="time"):
    return {
        "log": "clicks",
        "file": file,
        "row": row,
        "column": column,
        "value": None,
        "reason": reason,
        "scope": scope,
    }


def test_counts_add_up_firsts_are_the_first_and_moments_the_widest():
    key = ("clicks", "row", "time: missing")
    one = Account({("a",): 1, ("b",): 0}, {key: first("b")}, {"train": (5, 6), "eval": (1, 1)})
    other = Account({("a",): 2}, {key: first("a", 9)}, {"train": (4, 5)})
    third = Account({}, {key: first("a", 3)})
    found = ledger.add([one, other, third])
    assert found.counts == {("a",): 3, ("b",): 0}
    assert found.firsts == {key: first("a", 3)}
    assert found.moments == {"train": (4, 6), "eval": (1, 1)}
    assert found == ledger.add([third, ledger.add([other, one])])


def test_which_examples_a_span_has_adds_up_modulo_two_to_the_64():
    may = datetime.date(2024, 5, 1)
    one = Account(spans={("train", may): ledger.Content(2, 2**64 - 1), ("eval", may): ONE_ROW})
    found = ledger.add([one, Account(spans={("train", may): ledger.Content(3, 5)})])
    assert found.spans == {("train", may): ledger.Content(5, 4), ("eval", may): ONE_ROW}
    assert ledger.summary(found)["spans"] == [
        {"split": "eval", "span": "2024-05-01", "rows": 1, "ids": "ff"},
        {"split": "train", "span": "2024-05-01", "rows": 5, "ids": "4"},
    ]


def test_counts_that_agree_in_every_file_pass():
    ledger.check(GOOD)


@pytest.mark.parametrize("path", GOOD)
def test_one_row_more_or_less_of_any_fate_is_an_error(path):
    for change in (-1, 1):
        with pytest.raises(ValueError, match="Rows were lost or made up"):
            ledger.check(GOOD | {path: GOOD[path] + change})


def test_a_row_lost_in_one_file_and_made_up_in_another_is_an_error():
    moved = {("impressions", A, "examples"): 2, ("impressions", B, "examples"): 3}
    with pytest.raises(ValueError, match=r"10 rows of impressions/a.csv.* = 9. Rows were lost"):
        ledger.check(GOOD | moved)


def test_the_error_shows_the_sum():
    with pytest.raises(ValueError) as error:
        ledger.check(GOOD | {("impressions", A, "read"): 11})
    assert "11 rows of impressions/a.csv, a file of the impressions log, were read, but 3 " in str(
        error.value
    )
    assert "1 conflicts + 1 sampled_out + 3 examples = 10" in str(error.value)


def test_a_fate_nobody_knows_is_an_error():
    with pytest.raises(ValueError, match="unclicked is no fate of clicks"):
        ledger.check(GOOD | {("clicks", C, "unclicked"): 1})


def test_a_file_is_closed_with_what_was_read_refused_and_not_read():
    rejects = Rejects("clicks", C)
    rejects.rows([3, 4], "missing", "time")
    rejects.broken("is cut short", 9)
    rejects.unread.add("colour")
    account = FileAccount("clicks", C, cast=5, after_cutoff=1).close(rejects)
    assert account.counts == {
        ("clicks", C, "read"): 7,
        ("clicks", C, "after_cutoff"): 1,
        ("clicks", C, "rejected", "time: missing"): 2,
        ("files", "clicks"): 1,
        ("broken_files", "clicks"): 1,
        ("unread", "clicks", "colour"): 1,
    }
    assert sorted(account.firsts) == [
        ("clicks", "file", "file: is cut short"),
        ("clicks", "row", "time: missing"),
        ("clicks", "unread", "colour"),
    ]


def files_with(*columns):
    accounts = []
    for number, names in enumerate(columns):
        rejects = Rejects("clicks", f"{number}.csv")
        rejects.unread |= names
        accounts.append(FileAccount("clicks", f"{number}.csv").close(rejects))
    return ledger.add(accounts)


def test_a_column_that_only_some_files_have_is_noted_with_the_first_of_them():
    [note] = ledger.unexpected(files_with({"a"}, {"a", "b"}, {"a", "b"}))
    assert note.to_pylist() == [
        {
            "log": "clicks",
            "file": "1.csv",
            "row": None,
            "column": "b",
            "value": None,
            "reason": "unexpected column, in 2 of 3 files",
            "scope": "note",
        }
    ]
    assert ledger.unexpected(files_with({"a"}, {"a"})) == []


def test_the_summary_tells_by_log_by_file_and_what_came_first():
    positives = {
        ("positives", "train", "click"): 2,
        ("examples", "train"): 5,
        ("files", "clicks"): 1,
    }
    key = ("clicks", "row", "time: missing")
    account = Account(GOOD | positives, {key: first(C)}, {"train": (1, 2)})
    found = ledger.summary(account)
    assert found["impressions"] == {
        "read": 12,
        "rejected": {"id: missing": 1, "time: missing": 2},
        "after_cutoff": 1,
        "duplicates": 1,
        "conflicts": 1,
        "sampled_out": 1,
        "examples": 5,
    }
    assert found["clicks"]["joined"] == 2
    assert found["by_file"][2] == {"log": "impressions", "file": B, "read": 2, "examples": 2}
    assert found["firsts"] == [first(C)]
    assert found["moments"] == {"train": [1, 2]}
    assert (found["examples"], found["positives"]) == ({"train": 5}, {"train": {"click": 2}})


def test_the_summary_tells_the_shape_of_a_value_and_the_rejects_the_value():
    rejects = Rejects("clicks", C)
    rejects.rows(np.array([2]), "not a number", "time", ["U4711@Zoë.example"])
    account = FileAccount("clicks", C).close(rejects)
    assert ledger.summary(account)["firsts"][0]["value"] == "A9999@Aaa.aaaaaaa"
    assert rejects.take()["value"].to_pylist() == ["U4711@Zoë.example"]


def test_the_summary_notes_unexpected_columns():
    [note] = ledger.summary(files_with({"a"}, set()))["firsts"]
    assert (note["scope"], note["column"], note["file"]) == ("note", "a", "0.csv")
