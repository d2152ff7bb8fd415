import copy
import io
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.findings import findings, model_findings
from schemas.logs import HashSplit, TimeSplit

REJECTS = Path("/kept/rejects/7")
LEDGER = {
    "impressions": {"read": 9000, "rejected": {}, "conflicts": 0, "examples": 9000},
    "clicks": {"read": 800, "rejected": {}, "conflicts": 0, "orphans": 0, "joined": 800},
    "moments": {},
    "suspects": [],
    "firsts": [],
}


def first(reason, log="impressions", scope="row", **given):
    blank = {"file": "/logs/part.csv", "row": 7, "column": None, "value": None}
    return {**blank, "log": log, "reason": reason, "scope": scope, **given}


def ledger(*firsts, rejected=None, **changes):
    found = copy.deepcopy(LEDGER) | {"firsts": list(firsts)} | changes
    found["impressions"]["rejected"] = rejected or {}
    return found


def lines(told, split=TimeSplit(eval=1), width=200) -> list[str]:  # noqa: B008, it is frozen
    console = Console(file=io.StringIO(), width=width)
    for line in findings(told, REJECTS, split):
        console.print(line, soft_wrap=True)
    return console.file.getvalue().splitlines()


def test_there_is_nothing_to_say_of_logs_without_a_fault():
    assert lines(ledger()) == []


def test_refused_rows_are_told_with_their_number_the_first_value_and_its_place():
    time = first("not a number", column="time", value="aaaa")
    assert lines(ledger(time, rejected={"time: not a number": 1200})) == [
        "rejected 1,200 impressions: time: not a number, shaped like 'aaaa'",
        "         /logs/part.csv:7",
        "rejects  /kept/rejects/7",
    ]


def test_a_row_that_is_wrong_as_a_whole_names_no_column_and_a_missing_value_is_not_shown():
    ragged = first("2 fields instead of 4", value="a,Aaaa")
    lacking = first("missing", column="id", row=9)
    told = ledger(ragged, lacking, rejected={"row: 2 fields instead of 4": 3, "id: missing": 1})
    assert lines(told)[:4] == [
        "rejected 3 impressions: 2 fields instead of 4, shaped like 'a,Aaaa'",
        "         /logs/part.csv:7",
        "rejected 1 impressions: id: missing",
        "         /logs/part.csv:9",
    ]


def test_the_commonest_reasons_come_first_and_after_three_only_their_number():
    rejected = {"row: a": 1, "row: b": 50, "row: c": 2, "row: d": 400, "row: e": 3}
    firsts = [first(reason) for reason in "abcde"]
    assert lines(ledger(*firsts, rejected=rejected))[::2] == [
        "rejected 400 impressions: d",
        "rejected 50 impressions: b",
        "rejected 3 impressions: e",
        "         and 2 more",
    ]


def test_a_long_value_is_cut_and_what_looks_like_markup_is_text():
    value = "[red]" + 60 * "x" + "\n"
    told = ledger(first("not JSON", value=value, file="/[day]/i"), rejected={"row: not JSON": 1})
    assert lines(told)[:2] == [
        f"rejected 1 impressions: not JSON, shaped like '[red]{35 * 'x'}'…",
        "         /[day]/i:7",
    ]


def test_a_broken_file_is_told_with_the_last_row_that_was_read():
    cut = first("is cut short: its gzip data have no end", scope="file", log="clicks", row=412)
    lacks = first("has no column 'id'", scope="file", file="gs://shop/i.csv", row=None)
    assert lines(ledger(cut, lacks)) == [
        "broken   a file of clicks is cut short: its gzip data have no end",
        "         /logs/part.csv:412",
        "broken   a file of impressions has no column 'id'",
        "         gs://shop/i.csv",
        "rejects  /kept/rejects/7",
    ]


def test_a_note_is_told_after_what_is_lost():
    column = first("unexpected column, in 1 of 9 files", scope="note", column="usr", row=None)
    empty = first("no rows", scope="note", log="clicks", row=None)
    told = ledger(column, empty, first("no JSON"), rejected={"row: no JSON": 1})
    assert lines(told) == [
        "rejected 1 impressions: no JSON",
        "         /logs/part.csv:7",
        "note     impressions, column 'usr': unexpected column, in 1 of 9 files",
        "         /logs/part.csv",
        "note     clicks: no rows",
        "         /logs/part.csv",
        "rejects  /kept/rejects/7",
    ]


def test_a_file_below_this_folder_is_told_as_it_can_be_typed_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    near = first("no JSON", file=str(tmp_path / "logs" / "i.jsonl"))
    assert lines(ledger(near, rejected={"row: no JSON": 1}))[1] == "         logs/i.jsonl:7"


@pytest.mark.parametrize("fate", ["orphans", "conflicts"])
def test_events_that_fit_nothing_are_kept_among_the_rejects(fate):
    told = ledger()
    told["clicks"][fate] = 1
    assert lines(told) == ["rejects  /kept/rejects/7"]


def test_a_feature_that_tells_the_label_by_itself_is_asked_about():
    suspect = {"feature": "paid", "label": "click", "auc": 0.99987, "rows": 30_000, "positives": 9}
    assert lines(ledger(suspects=[suspect])) == [
        "leak?    paid alone ranks click with AUC 0.9999 on 30,000 held-back rows: is it known "
        "before the event?"
    ]


def test_splits_that_overlap_in_time_are_told():
    overlap = {"train": [0, 7_200_000_000], "eval": [3_600_000_000, 9_000_000_000]}
    assert lines(ledger(moments=overlap)) == [
        "overlap  training impressions reach 1:00:00 past the first evaluated one: rows lie in "
        "folders of other days"
    ]
    both = {"validation": [7_199_000_000, 7_300_000_000], **overlap}
    assert lines(ledger(moments=both))[0] == (
        "overlap  training impressions reach 0:00:01 past the first validation impression: rows "
        "lie in folders of other days"
    )
    by_hash = HashSplit(by="hash", key="user", eval="10%")
    assert lines(ledger(moments=overlap), split=by_hash) == []


@pytest.mark.parametrize("first_evaluated", [7_200_000_000, 7_200_000_001])
def test_splits_that_follow_each_other_do_not_overlap(first_evaluated):
    moments = {"train": [0, 7_200_000_000], "eval": [first_evaluated, 9_000_000_000]}
    assert lines(ledger(moments=moments)) == []


def test_a_microsecond_of_overlap_is_no_zero():
    moments = {"train": [0, 3_600_000_001], "eval": [3_600_000_000, 9_000_000_000]}
    assert "reach 0:00:01 past" in lines(ledger(moments=moments))[0]


def test_no_width_breaks_a_path():
    file = "/logs/" + 40 * "long/" + "part.csv"
    told = ledger(first("no JSON", file=file), rejected={"row: no JSON": 1})
    assert lines(told, width=60) == lines(told, width=200)
    assert f"         {file}:7" in lines(told, width=60)


def test_there_is_nothing_to_say_of_a_model_whose_experts_are_all_of_use():
    fitted = {"ctr": {"kind": "platt", "rows": 900, "positives": 90}}
    assert list(model_findings({})) == []
    told = {"dead_experts": [], "same_experts": [], "calibration": fitted}
    assert list(model_findings(told)) == []


def test_experts_of_no_use_and_heads_that_were_not_calibrated_are_told():
    told = {
        "dead_experts": [2],
        "same_experts": [[0, 3]],
        "calibration": {"cvr": {"kind": "none", "rows": 31, "positives": 4}},
    }
    console = Console(file=io.StringIO(), width=200)
    for line in model_findings(told):
        console.print(line)
    assert console.file.getvalue().splitlines() == [
        "experts  expert 2 is used by no head",
        "experts  experts 0 and 3 answer alike: fewer would do",
        "note     cvr has too few held-back rows to be calibrated: 31, of which 4 positive",
    ]


def test_what_a_model_has_started_from_is_told():
    tables = {
        "item": {"kept": 3000, "new": 120, "gone": 14},
        "city": {"kept": 210, "new": 0, "gone": 0},
    }
    told = {"warm_start": {"version": "1795337870", "tables": tables}}
    assert list(model_findings(told)) == [
        "[bold]start    [/]from version 1795337870: 3,210 rows kept, 120 new, 14 gone"
    ]


def test_a_cold_start_is_loud_where_something_was_lost():
    nothing = {"version": None, "cold": "no model of earlier spans is served"}
    lost = {"version": "17", "cold": "version 17 has lost its training state: [x] is not there"}
    (first,) = model_findings({"warm_start": nothing})
    (second,) = model_findings({"warm_start": lost})
    assert first == "[bold]start    [/]cold: no model of earlier spans is served"
    assert second == (
        "[yellow]start    [/]cold: version 17 has lost its training state: \\[x] is not there"
    )
