import json

import pytest

from components.log_example_gen.artifacts import LogLedger, LogRejects
from components.log_gate.component import LogGate, empty_splits, objections
from components.refusal import Refusal
from schemas.logs import Limits

IMPRESSIONS = {"after_cutoff": 0, "duplicates": 0, "conflicts": 0, "sampled_out": 0}
EVENTS = {"after_cutoff": 0, "orphans": 0, "other_spans": 0, "outside_window": 0, "joined": 0}


def first(reason, log="impressions", scope="row", column=None, value=None, row=7, file="/l/i.csv"):
    return {
        "log": log,
        "file": file,
        "row": row,
        "column": column,
        "value": value,
        "reason": reason,
        "scope": scope,
    }


def ledger(firsts=(), read=1000, rejected=None, broken=None, **logs):
    """A ledger as `ledger.summary` returns it, of a log of impressions and others."""
    rejected = rejected or {}
    examples = read - sum(rejected.values())
    impressions = {"read": read, "rejected": rejected, **IMPRESSIONS, "examples": examples}
    return {
        "impressions": impressions,
        **{log: {"read": 200, "rejected": {}, **EVENTS, **fates} for log, fates in logs.items()},
        "broken_files": broken or {"impressions": 0},
        "files": {"impressions": 3},
        "examples": {"train": examples - 1, "eval": 1},
        "splits": ["train", "eval"],
        "moments": {},
        "by_file": [],
        "firsts": list(firsts),
    }


TIME = first("not a number", column="time", value="aaaa")


def limits(**given) -> Limits:
    return Limits.model_validate(given)


def test_logs_without_a_fault_pass():
    assert objections(ledger(clicks={}, conversions={}), Limits()) == []
    assert empty_splits(ledger()) == []


def test_a_share_of_malformed_rows_over_the_limit_is_told_with_its_reason_and_first_row():
    found = ledger([TIME], rejected={"time: not a number": 11})
    assert objections(found, Limits()) == [
        "11 of 1,000 rows of the impressions log are malformed, more than max_rejects, 1%: "
        "time: not a number (11), as in /l/i.csv, row 7, shaped like 'aaaa'"
    ]


def test_as_many_malformed_rows_as_the_limit_allows_pass():
    assert objections(ledger([TIME], rejected={"time: not a number": 10}), Limits()) == []


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_limit_in_percent_is_exact(percent):
    at, over = (
        ledger([TIME], 100, {"time: not a number": rows}) for rows in (percent, percent + 1)
    )
    bar = limits(max_rejects=f"{percent}%")
    assert (len(objections(at, bar)), len(objections(over, bar))) == (0, 1)


def test_a_limit_may_be_a_number_of_rows():
    found = ledger([TIME], rejected={"time: not a number": 3})
    assert objections(found, limits(max_rejects=3)) == []
    assert objections(found, limits(max_rejects=2)) == [
        "3 of 1,000 rows of the impressions log are malformed, more than max_rejects, 2: "
        "time: not a number (3), as in /l/i.csv, row 7, shaped like 'aaaa'"
    ]
    assert len(objections(found, limits(max_rejects=0))) == 1


def test_a_row_that_is_wrong_as_a_whole_is_told_without_a_column():
    ragged = first("2 fields instead of 4", value="a,Aaaa", row=12)
    found = ledger([ragged], rejected={"row: 2 fields instead of 4": 50})
    assert objections(found, Limits())[0].endswith(
        ": row: 2 fields instead of 4 (50), as in /l/i.csv, row 12, shaped like 'a,Aaaa'"
    )


def test_the_three_commonest_reasons_come_first_and_the_others_are_counted():
    reasons = {"age: not a number": 30, "id: missing": 500, "time: missing": 40}
    reasons |= {"row: not JSON": 60, "time: outside 1990 to 2100": 20}
    firsts = [
        first(reason, column=None if column == "row" else column)
        for column, reason in (text.split(": ") for text in reasons)
    ]
    (sentence,) = objections(ledger(firsts, rejected=reasons), Limits())
    assert sentence == (
        "650 of 1,000 rows of the impressions log are malformed, more than max_rejects, 1%: "
        "id: missing (500), as in /l/i.csv, row 7; "
        "row: not JSON (60), as in /l/i.csv, row 7; "
        "time: missing (40), as in /l/i.csv, row 7; "
        "and 2 more reasons"
    )


def test_each_log_has_the_limit_for_itself_and_tells_its_own_reasons():
    clicks = first("missing", log="clicks", column="id", file="/l/c.csv", row=3)
    found = ledger(
        [clicks, TIME],
        rejected={"time: not a number": 5},
        clicks={"rejected": {"id: missing": 3}},
        conversions={"rejected": {}},
    )
    assert objections(found, Limits()) == [
        "3 of 200 rows of the clicks log are malformed, more than max_rejects, 1%: "
        "id: missing (3), as in /l/c.csv, row 3"
    ]


def test_orphans_pass_until_they_are_limited():
    found = ledger(clicks={"orphans": 150}, conversions={"orphans": 20, "other_spans": 180})
    assert objections(found, Limits()) == []
    assert objections(found, limits(max_orphans="10%")) == [
        "150 of 200 clicks match no impression, more than max_orphans, 10%"
    ]
    assert objections(found, limits(max_orphans=19)) == [
        "150 of 200 clicks match no impression, more than max_orphans, 19",
        "20 of 200 conversions match no impression, more than max_orphans, 19",
    ]


def test_an_empty_log_exceeds_no_share():
    found = ledger(clicks={"read": 0})
    assert objections(found, limits(max_rejects="0%", max_orphans="0%")) == []


def test_one_broken_file_is_too_many_unless_the_limit_says_otherwise():
    cut = first(
        "is cut short: its gzip data have no end", scope="file", row=412, file="/l/i.csv.gz"
    )
    lacks = first("has no column 'id'", scope="file", row=None, log="clicks", file="/l/c.csv")
    found = ledger([cut, lacks], broken={"impressions": 1, "clicks": 1}, clicks={})
    assert objections(found, Limits()) == [
        "2 file(s) cannot be read to the end, more than max_broken_files, 0: "
        "/l/i.csv.gz is cut short: its gzip data have no end, after row 412; "
        "/l/c.csv has no column 'id'"
    ]
    assert objections(found, limits(max_broken_files=2)) == []


def test_what_is_said_of_files_is_no_reason_of_rows():
    note = first("unexpected column, in 1 of 3 files", scope="note", column="id_", row=None)
    cut = first("is cut short: its gzip data have no end", scope="file")
    found = ledger([cut, note, TIME], rejected={"time: not a number": 1}, broken={"impressions": 1})
    assert objections(found, limits(max_rejects=0, max_broken_files=1)) == [
        "1 of 1,000 rows of the impressions log are malformed, more than max_rejects, 0: "
        "time: not a number (1), as in /l/i.csv, row 7, shaped like 'aaaa'"
    ]


def test_a_split_without_examples_is_told_with_what_became_of_the_impressions():
    found = ledger([TIME], read=10, rejected={"time: not a number": 4})
    found["impressions"] |= {"after_cutoff": 1, "examples": 5}
    found["examples"] = {"train": 5}
    assert empty_splits(found) == [
        "split 'eval' has no example (of 10 impressions: 4 rejected, 1 after cutoff, 5 examples). "
        "Read more spans, or change `split`"
    ]


def test_where_nothing_was_read_both_splits_are_empty():
    found = ledger(read=0)
    del found["examples"]
    assert empty_splits(found) == [
        f"split '{split}' has no example (of 0 impressions: none). Read more spans, or change "
        "`split`"
        for split in ("train", "eval")
    ]


def test_a_validation_split_that_is_asked_for_must_have_examples():
    found = ledger() | {"splits": ["train", "validation", "eval"]}
    assert empty_splits(found) == [
        "split 'validation' has no example (of 1,000 impressions: 1,000 examples). Read more "
        "spans, or change `split`"
    ]


@pytest.fixture
def call(tmp_path):
    """Calls the component on a ledger, as TFX does."""

    def execute(told, bar=None):
        ledger, rejects = LogLedger(), LogRejects()
        ledger.uri, rejects.uri = str(tmp_path), "/runs/shop/rejects/7"
        (tmp_path / "ledger.json").write_text(json.dumps(told))
        LogGate.test_call(
            ledger=ledger, rejects=rejects, limits=(bar or Limits()).model_dump_json()
        )

    return execute


def test_sound_logs_pass_the_gate(call):
    call(ledger([TIME], rejected={"time: not a number": 10}, clicks={"orphans": 200}))


def test_the_gate_fails_the_run_with_the_place_of_the_rejects_and_the_way_out(call):
    with pytest.raises(Refusal) as error:
        call(ledger([TIME], rejected={"time: not a number": 11}))
    assert str(error.value) == (
        "11 of 1,000 rows of the impressions log are malformed, more than max_rejects, 1%: "
        "time: not a number (11), as in /l/i.csv, row 7, shaped like 'aaaa'. "
        "All of it is in /runs/shop/rejects/7. Mend the logs, or raise the config's `limits` if "
        "they are right"
    )
    (objection,) = error.value.objections
    assert str(error.value) == f"{objection}. {error.value.way_out}"
    assert error.value.way_out.startswith("All of it is in /runs/shop/rejects/7. Mend the logs")


def test_the_gate_keeps_to_the_limits_it_is_given(call):
    told = ledger([TIME], rejected={"time: not a number": 11})
    call(told, limits(max_rejects="1.1%"))
    call(told, limits(max_rejects=11))
    with pytest.raises(ValueError, match="more than max_rejects, 10:"):
        call(told, limits(max_rejects=10))


def test_an_empty_split_fails_the_run_without_a_word_of_limits(call):
    told = ledger()
    told["examples"] = {"eval": 1000}
    with pytest.raises(Refusal) as error:
        call(told)
    assert str(error.value) == (
        "split 'train' has no example (of 1,000 impressions: 1,000 examples). Read more spans, or "
        "change `split`"
    )
    assert (error.value.objections, error.value.way_out) == ((str(error.value),), "")
