import io

import pytest
from rich.console import Console

from models.tuning.config import TuningConfig
from models.tuning.trials import Trial
from pipeline.tables import (
    ledger_table,
    seesaw_table,
    short_names,
    trials_table,
    value_text,
)

LEDGER = {
    "examples": {"eval": 399_000, "train": 1_480_000},
    "impressions": {
        "read": 2_000_000,
        "rejected": {"time: missing": 2, "age: not a number": 1},
        "after_cutoff": 0,
        "duplicates": 120_997,
        "conflicts": 0,
        "sampled_out": 0,
        "examples": 1_879_000,
    },
    "clicks": {
        "read": 160_000,
        "rejected": {},
        "after_cutoff": 0,
        "duplicates": 6000,
        "conflicts": 0,
        "orphans": 12,
        "other_spans": 1200,
        "outside_window": 130,
        "repeated": 0,
        "joined": 152_658,
    },
    "conversions": {
        "read": 12_000,
        "rejected": {},
        "after_cutoff": 0,
        "duplicates": 0,
        "conflicts": 0,
        "orphans": 0,
        "other_spans": 0,
        "outside_window": 0,
        "unclicked": 12,
        "view_through": 0,
        "joined": 11_988,
    },
}


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
orphans                   0       12            0
other spans               0    1,200            0
outside window            0      130            0
unclicked                 0        0           12"""


@pytest.mark.parametrize("width", [80, 60])
def test_the_rows_say_what_became_of_each(width):
    assert text(ledger_table(LEDGER), width) == ROWS


def test_the_rows_of_a_pipeline_with_one_log_have_one_column():
    ledger = {"impressions": {"read": 4, "rejected": {}, "sampled_out": 0, "examples": 4}}
    assert text(ledger_table(ledger), 80) == (
        "Rows\n      impressions\nread            4\nkept            4"
    )


def test_what_became_of_the_rows_of_a_log_adds_up_to_what_was_read():
    lines = text(ledger_table(LEDGER), 80).splitlines()[2:]
    table = [[int(cell.replace(",", "")) for cell in line.split()[-3:]] for line in lines]
    assert [sum(column[1:]) for column in zip(*table, strict=True)] == table[0]


def test_no_example_at_all_is_a_line_as_well():
    ledger = {"impressions": {"read": 4, "rejected": {"id: missing": 4}, "examples": 0}}
    assert text(ledger_table(ledger), 80) == (
        "Rows\n          impressions\nread                4\nkept                0\n"
        "rejected            4"
    )


def test_one_table_can_be_printed_narrow_and_then_wide():
    table = ledger_table(LEDGER)
    wide = text(table, 80)
    text(table, 50)
    assert text(table, 80) == wide


SEESAW = """\
Beside each head alone
output     AUC   alone  difference
ctr     0.7500  0.7400     +0.0100
cvr     0.7000  0.7250     -0.0250
"""


def test_what_sharing_gives_and_takes_is_shown_with_its_sign():
    table = seesaw_table(
        {
            "ctr": {"auc": 0.75, "alone": 0.74, "difference": 0.01},
            "cvr": {"auc": 0.7, "alone": 0.725, "difference": -0.025},
        }
    )
    assert text(table, 80) == SEESAW.rstrip()


TUNING = TuningConfig.model_validate(
    {
        "metric": "ctr.auc",
        "seeds": 2,
        "space": {
            "training.learning_rate": {"float": [1e-4, 1e-2]},
            "model.units": {"choice": [[8], [16, 8]]},
            "model.trunk": {"choice": ["mmoe", {"kind": "ple", "levels": 2}]},
        },
    }
)
TRIALS = [
    Trial(11, {"training.learning_rate": 1e-3, "model.units": [16, 8],
               "model.trunk": {"kind": "ple", "levels": 2}}, (0.75, 0.7), 1234.5),
    Trial(0, {"training.learning_rate": 1e-4, "model.units": [8], "model.trunk": "mmoe"},
          failure="the loss is nan", seconds=2.0),
]  # fmt: skip
WIDE = """\
Trials
                               learning
trial  ctr.auc       ±  seconds      rate    units         trunk
12      0.7250  0.0354    1,234     0.001  [16, 8]  ple levels=2
1       failed                2    0.0001      [8]          mmoe
"""
NARROW = """\
Trials
trial ctr.auc      ± seconds values
12     0.7250 0.0354   1,234 learning_rate 0.001, units
                             [16, 8], trunk ple
                             levels=2
1      failed              2 learning_rate 0.0001,
                             units [8], trunk mmoe
"""


def test_trials_have_a_column_a_key_where_there_is_room():
    found = text(trials_table(TRIALS, TUNING, 80), 80)
    assert [line.split() for line in found.splitlines()] == [
        line.split() for line in WIDE.splitlines()
    ]


def test_trials_have_their_values_in_one_column_where_there_is_none():
    assert text(trials_table(TRIALS, TUNING, 55), 55) == NARROW.rstrip()


@pytest.mark.parametrize("width", range(45, 90, 3))
def test_no_figure_of_a_trial_is_cut(width):
    lines = text(trials_table(TRIALS, TUNING, width), width).splitlines()
    words = " ".join(lines).split()
    for figure in ("12", "0.7250", "0.0354", "1,234", "failed"):
        assert figure in words
    assert max(map(len, lines)) <= width


def test_keys_are_short_unless_two_end_alike():
    keys = ["training.learning_rate", "model.trunk.experts", "model.other.experts"]
    assert short_names(keys) == {
        "training.learning_rate": "learning_rate",
        "model.trunk.experts": "model.trunk.experts",
        "model.other.experts": "model.other.experts",
    }


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.001, "0.001"), (1e-05, "1e-05"), (8, "8"), ([8, 4], "[8, 4]"), (True, "true"),
     (None, "null"), ("mmoe", "mmoe"), ({"kind": "ple", "levels": 2}, "ple levels=2"),
     ({"metric": "ctr.auc"}, '{"metric": "ctr.auc"}')],
)  # fmt: skip
def test_a_value_is_told_as_people_write_it(value, told):
    assert value_text(value) == told
