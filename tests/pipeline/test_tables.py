import io
import math

import pytest
from rich.console import Console

from components.model_gate.judgement import Verdict
from pipeline.results import Results
from pipeline.tables import gates_table, ledger_table, model_table

LEDGER = {
    "examples": {"eval": 399_000, "train": 1_480_000},
    "impressions": {"duplicates": 120_997, "read": 2_000_000, "rejected": {"time: missing": 3}},
    "clicks": {
        "duplicates": 6000,
        "joined": 152_658,
        "later": 1200,
        "orphans": 12,
        "outside_window": 130,
        "read": 160_000,
    },
    "conversions": {"joined": 11_988, "orphans": 0, "read": 12_000, "unclicked": 12},
}
CANDIDATE = {
    ("ctr", "auc"): 0.71234,
    ("ctr", "calibration"): 1.01234,
    ("ctr", "log_loss"): 0.23456,
    ("ctr", "example_count"): 399_000.0,
    ("ctcvr", "auc"): 0.7,
}
VERDICTS = (
    Verdict("ctr.auc", ">= 0.6", 0.71234, None, True, "ctr.auc is 0.7123"),
    Verdict("ctr.calibration", "0.9 .. 1.1", math.nan, None, False, "it could not be measured"),
    Verdict("ctcvr.auc", ">= baseline - 0.002", 0.7, None, True, "there is no baseline yet"),
)


def results(baseline=None) -> Results:
    return Results(LEDGER, CANDIDATE, baseline, VERDICTS, None)


def text(table, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    return "\n".join(lines)


ROWS = """\
Rows
                impressions   clicks  conversions
read              2,000,000  160,000       12,000
kept              1,879,000  152,658       11,988
rejected                  3        0            0
duplicates          120,997    6,000            0
later                     0    1,200            0
orphans                   0       12            0
outside window            0      130            0
unclicked                 0        0           12"""


@pytest.mark.parametrize("width", [80, 60])
def test_the_rows_say_what_became_of_each(width):
    assert text(ledger_table(LEDGER), width) == ROWS


def test_the_rows_of_a_pipeline_with_one_log_have_one_column():
    ledger = {"examples": {"train": 3, "eval": 1}, "impressions": {"read": 4}}
    assert text(ledger_table(ledger), 80) == (
        "Rows\n      impressions\nread            4\nkept            4"
    )


def test_the_model_beside_the_truth_and_the_baseline():
    table = model_table(results({("ctr", "auc"): 0.7}), ("ctr", "cvr", "ctcvr"), {"ctr": 0.75})
    assert (
        text(table, 80)
        == """\
Model, on held-back rows
output     AUC  AUC of the truth  baseline AUC  calibration  log loss     rows
ctr     0.7123            0.7500        0.7000        1.012    0.2346  399,000
cvr          –                 –             –            –         –        0
ctcvr   0.7000                 –             –            –         –        0"""
    )


def test_in_sixty_columns_the_headers_break_and_no_number_does():
    table = model_table(results({("ctr", "auc"): 0.7}), ("ctr", "cvr", "ctcvr"), {"ctr": 0.75})
    assert (
        text(table, 60)
        == """\
Model, on held-back rows
                AUC of
                   the baseline
output    AUC    truth      AUC calibration log loss    rows
ctr    0.7123   0.7500   0.7000       1.012   0.2346 399,000
cvr         –        –        –           –        –       0
ctcvr  0.7000        –        –           –        –       0"""
    )


def test_in_sixty_columns_a_long_name_breaks_and_no_number_does():
    table = model_table(
        results({("ctr", "auc"): 0.7}), ("income_over_fifty_thousand", "ctr"), {"ctr": 0.75}
    )
    said = text(table, 60)
    assert said.splitlines()[-1].split() == [
        "ctr", "0.7123", "0.7500", "0.7000", "1.012", "0.2346", "399,000",
    ]  # fmt: skip
    assert "".join(line.split()[0] for line in said.splitlines()[-5:-1] if line).endswith(
        "thousand"
    )


def test_a_first_model_of_real_logs_has_neither_truth_nor_baseline():
    assert (
        text(model_table(results(), ("ctr",), None), 80)
        == """\
Model, on held-back rows
output     AUC  calibration  log loss     rows
ctr     0.7123        1.012    0.2346  399,000"""
    )


def test_in_sixty_columns_the_gates_lose_nothing_but_room():
    narrow, wide = (text(gates_table(VERDICTS), width) for width in (60, 80))
    assert [line.split() for line in narrow.splitlines()] == [
        line.split() for line in wide.splitlines()
    ]


def test_the_gates_say_bar_value_and_verdict():
    assert (
        text(gates_table(VERDICTS), 80)
        == """\
Gates
gate             bar                   value  verdict
ctr.auc          >= 0.6               0.7123  passed
ctr.calibration  0.9 .. 1.1                –  refused
ctcvr.auc        >= baseline - 0.002  0.7000  no baseline yet"""
    )


def test_one_table_can_be_printed_narrow_and_then_wide():
    table = model_table(results({("ctr", "auc"): 0.7}), ("ctr",), {"ctr": 0.75})
    wide = text(table, 80)
    text(table, 60)
    assert text(table, 80) == wide
