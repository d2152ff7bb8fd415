from components.log_example_gen.ledger import Account, summary
from components.run_report.ledger_facts import funnel

COUNTS = {
    ("impressions", "i.csv", "read"): 10,
    ("impressions", "i.csv", "rejected", "time: not a number"): 1,
    ("impressions", "i.csv", "rejected", "id: missing"): 2,
    ("impressions", "i.csv", "examples"): 7,
    ("clicks", "c.csv", "read"): 3,
    ("clicks", "c.csv", "joined"): 3,
    ("examples", "train"): 5,
    ("examples", "eval"): 2,
    ("positives", "train", "click"): 3,
}


def test_the_ledger_becomes_fates_reasons_rows_and_positives():
    told = {**summary(Account(COUNTS)), "splits": ["train", "eval"]}
    found = funnel(told)
    assert list(found.logs) == ["impressions", "clicks"]
    assert {fate: rows for fate, rows in found.logs["impressions"].items() if rows} == {
        "read": 10,
        "examples": 7,
    }
    assert list(found.rejected["impressions"].items()) == [
        ("id: missing", 2),
        ("time: not a number", 1),
    ]
    assert list(found.rows.items()) == [("train", 5), ("eval", 2)]
    assert found.positives == {"train": {"click": 3}}


def test_logs_without_a_single_example_have_a_funnel():
    told = {**summary(Account({("impressions", "i.csv", "read"): 0})), "splits": ["train", "eval"]}
    assert funnel(told).rows == {"train": 0, "eval": 0}


def test_a_split_without_examples_has_no_rows():
    told = {**summary(Account(COUNTS)), "splits": ["train", "validation", "eval"]}
    assert funnel(told).rows == {"train": 5, "validation": 0, "eval": 2}
