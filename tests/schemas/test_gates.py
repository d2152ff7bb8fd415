import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.gates import Gate, parse_gate

OUTPUTS = {"ctr": "rate", "cvr": "rate", "ctcvr": "rate", "spend": "value"}


@pytest.mark.parametrize(
    ("bar", "lower", "upper", "relative"),
    [
        (">= 0.6", 0.6, math.inf, False),
        ("<= .3", -math.inf, 0.3, False),
        ("0.9 .. 1.1", 0.9, 1.1, False),
        (">= baseline - 0.002", -0.002, math.inf, True),
        (">= baseline", 0.0, math.inf, True),
        ("<= baseline + 1e-3", -math.inf, 0.001, True),
    ],
)
def test_a_bar_is_read_as_bounds(bar, lower, upper, relative):
    assert parse_gate("ctcvr.auc", bar, OUTPUTS) == Gate(
        "ctcvr", "auc", bar, lower, upper, relative
    )


def test_a_gate_on_an_unknown_output_names_the_known_ones():
    with pytest.raises(ValueError, match=r"'cvt.auc' is on an unknown output.*ctr, cvr, ctcvr"):
        parse_gate("cvt.auc", ">= 0.6", OUTPUTS)


def test_a_gate_on_an_unknown_metric_names_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown metric 'AUC': known are auc, pr_auc"):
        parse_gate("ctr.AUC", ">= 0.6", OUTPUTS)


def test_a_value_has_metrics_of_its_own():
    assert parse_gate("spend.rmse", "<= 3", OUTPUTS).upper == 3
    with pytest.raises(ValueError, match=r"unknown metric 'auc': known are rmse, mae"):
        parse_gate("spend.auc", ">= 0.6", OUTPUTS)
    with pytest.raises(ValueError, match=r"unknown metric 'rmse': known are auc"):
        parse_gate("ctr.rmse", "<= 3", OUTPUTS)


@pytest.mark.parametrize("bar", ["0.6", "> 0.6", ">= base", "1.1 .. 0.9", ">= 0.6 and more", ""])
def test_a_bar_that_cannot_be_read_is_refused_with_the_ways_to_write_one(bar):
    with pytest.raises(ValueError, match=r"cannot be read.*'>= baseline - 0.002'"):
        parse_gate("ctr.auc", bar, OUTPUTS)


def test_a_gate_is_called_as_in_the_yaml_and_keeps_its_bar_without_blanks():
    gate = parse_gate("ctr.auc", "  >=  0.5 ", OUTPUTS)
    assert (gate.name, gate.bar, gate.lower) == ("ctr.auc", ">=  0.5", 0.5)


@pytest.mark.parametrize("bar", [">= baseline * 2", ">= baseline - -0.1", "nan .. 1"])
def test_a_bar_that_is_nearly_one_is_refused_in_the_same_words(bar):
    with pytest.raises(ValueError, match=r"cannot be read.*'>= baseline - 0.002'"):
        parse_gate("ctr.auc", bar, OUTPUTS)


@given(st.floats(-100, 100), st.floats(0, 100))
def test_a_band_keeps_the_numbers_as_written(lower, width):
    gate = parse_gate("ctr.auc", f"{lower!r} .. {lower + width!r}", OUTPUTS)
    assert (gate.lower, gate.upper) == (lower, lower + width)
