import collections

import pytest

from components.log_example_gen import ledger

SPLITS = ("train", "eval")
GOOD = {
    ("impressions", "read"): 10,
    ("impressions", "rejected", "time: missing"): 2,
    ("impressions", "rejected", "id: missing"): 1,
    ("impressions", "duplicates"): 3,
    ("examples", "train"): 3,
    ("examples", "eval"): 1,
    ("clicks", "read"): 7,
    ("clicks", "rejected", "time: missing"): 1,
    ("clicks", "duplicates"): 1,
    ("clicks", "orphans"): 1,
    ("clicks", "later"): 1,
    ("clicks", "outside_window"): 1,
    ("clicks", "joined"): 2,
}


def test_counts_add_up_by_name_and_zeros_stay():
    found = ledger.add([{("a", "b"): 1, ("c",): 0}, {("a", "b"): 2}, collections.Counter()])
    assert found == {("a", "b"): 3, ("c",): 0}


def test_adding_in_any_order_and_grouping_is_the_same():
    parts = [{("a",): 1}, {("a",): 2, ("b",): 3}, {("b",): 4}]
    assert ledger.add([ledger.add(parts[:2]), parts[2]]) == ledger.add(reversed(parts))


def test_counts_that_agree_pass():
    ledger.check(GOOD, SPLITS)


@pytest.mark.parametrize("path", [path for path in GOOD if path[0] != "positives"])
def test_one_row_more_or_less_of_any_fate_is_an_error(path):
    for change in (-1, 1):
        with pytest.raises(ValueError, match="Rows were lost or made up"):
            ledger.check(GOOD | {path: GOOD[path] + change, ("examples", "spare"): 0}, SPLITS)


def test_the_error_shows_the_sum():
    with pytest.raises(ValueError) as error:
        ledger.check(GOOD | {("impressions", "read"): 11}, SPLITS)
    assert "11 rows of the impressions log were read, but " in str(error.value)
    assert "3 rejected + 3 duplicates + 4 examples = 10" in str(error.value)


def test_a_conversion_without_a_counted_click_is_a_fate_of_its_own():
    ledger.check(GOOD | {("conversions", "read"): 1, ("conversions", "unclicked"): 1}, SPLITS)


def test_an_empty_split_is_an_error():
    counts = GOOD | {("examples", "train"): 4, ("examples", "eval"): 0}
    with pytest.raises(ValueError, match=r"split 'eval' has no example, of 4 in all.*id: missing"):
        ledger.check(counts, SPLITS)


def test_the_ledger_is_nested_by_name_in_order():
    assert ledger.nested({("b",): 1, ("a", "y"): 2, ("a", "x", "z"): 3}) == {
        "a": {"x": {"z": 3}, "y": 2},
        "b": 1,
    }
