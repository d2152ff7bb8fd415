import dataclasses
import io
import math

import pytest
from rich.console import Console

from components.model_gate.verdicts import Verdict
from pipeline.gates_table import MOST_LINES, gates_table


def verdict(name, bar, value, half=None, said="passed", **values):
    low, high = (None, None) if half is None else (value - half, value + half)
    spoke = said in ("passed", "refused")
    passed = said != "refused"
    return Verdict(name, values, bar, value, low, high, None, said, spoke, passed, "a reason")


VERDICTS = (
    verdict("ctr.auc", ">= 0.6", 0.71234, 0.0123),
    verdict("ctr.calibration", "0.9 .. 1.1", math.nan, said="refused"),
    verdict("ctcvr.auc", ">= baseline - 0.002", 0.7, 0.02, said="no baseline yet"),
    verdict("ctr.auc[device=*]", ">= 0.65", 0.68, 0.05, device="phone"),
    verdict("ctr.auc[device=*]", ">= 0.65", 0.5, said="3 of 200 positives", device="[8, 16)"),
)
WIDE = """\
Gates
gate                     bar                   value       ±  verdict
ctr.auc                  >= 0.6               0.7123  0.0123  passed
ctr.calibration          0.9 .. 1.1                –       –  refused
ctcvr.auc                >= baseline - 0.002  0.7000  0.0200  no baseline yet
ctr.auc[device=phone]    >= 0.65              0.6800  0.0500  passed
ctr.auc[device=[8, 16)]  >= 0.65              0.5000       –  3 of 200 positives"""
NARROW = """\
Gates
gate           bar              value      ± verdict
ctr.auc        >= 0.6          0.7123 0.0123 passed
ctr.calibratio 0.9 .. 1.1           –      – refused
n
ctcvr.auc      >= baseline -   0.7000 0.0200 no baseline yet
               0.002
ctr.auc[device >= 0.65         0.6800 0.0500 passed
=phone]
ctr.auc[device >= 0.65         0.5000      – 3 of 200
=[8, 16)]                                    positives"""


def text(table, width):
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    return "\n".join(lines)


def test_the_gates_say_bar_value_interval_and_verdict():
    assert text(gates_table(VERDICTS), 80) == WIDE


def test_in_sixty_columns_names_and_words_break_and_no_number_does():
    assert text(gates_table(VERDICTS), 60) == NARROW


@pytest.mark.parametrize("width", range(45, 90, 5))
def test_no_number_is_ever_cut(width):
    words = text(gates_table(VERDICTS), width).split()
    for number in ("0.7123", "0.0123", "0.7000", "0.6800", "0.0500"):
        assert number in words


def test_verdicts_have_the_colour_of_what_they_mean():
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    console.print(gates_table(VERDICTS))
    lines = console.file.getvalue().splitlines()
    assert "\x1b[32mpassed" in lines[2]
    assert "\x1b[31mrefused" in lines[3]
    assert "\x1b[3" not in lines[4].split("0.0200")[1]


def test_without_gates_the_table_says_what_that_means():
    assert text(gates_table(()), 80) == (
        "Gates\ngate  bar  value  ±  verdict\nnone                 every model is pushed"
    )


def every(values):
    return [
        verdict("ctr.auc[item=*]", ">= 0.65", 0.7, said=said, item=str(number))
        for number, said in enumerate(values)
    ]


def test_as_many_values_as_lines_are_shown_in_order():
    found = text(gates_table(every(["passed"] * (MOST_LINES - 1) + ["refused"])), 100)
    names = [line.split()[0] for line in found.splitlines()[2:]]
    assert names == [f"ctr.auc[item={number}]" for number in range(MOST_LINES)]


def test_of_more_values_those_that_refuse_come_first_and_the_others_are_counted():
    many = every(["passed"] * 1500 + ["1 of 9 positives", "refused", "5 of 9 positives", "refused"])
    lines = text(gates_table(many), 100).splitlines()
    assert len(lines) == 2 + MOST_LINES
    assert [line.split()[0] for line in lines[2:5]] == [
        "ctr.auc[item=1501]", "ctr.auc[item=1503]", "ctr.auc[item=0]"
    ]  # fmt: skip
    # 1,504 values less the two that refuse and seven more.
    assert lines[-1].split("  ")[0] == "and 1,495 more"
    assert lines[-1].endswith("1,493 passed, 2 silent")


def test_even_of_those_that_refuse_no_more_are_shown():
    lines = text(gates_table(every(["refused"] * 30)), 100).splitlines()
    assert lines[-1].endswith("21 refused")


def test_two_bars_of_one_gate_are_two_gates():
    longer = [*every(["passed"] * 8)]
    other = [dataclasses.replace(found, bar=">= 0.1") for found in longer]
    assert len(text(gates_table([*longer, *other]), 100).splitlines()) == 2 + 16
