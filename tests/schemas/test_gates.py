import math

import pytest

from schemas.gates import Gate, parse_gate

OUTPUTS = ("ctr", "cvr", "ctcvr")


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


@pytest.mark.parametrize("bar", ["0.6", "> 0.6", ">= base", "1.1 .. 0.9", ">= 0.6 and more", ""])
def test_a_bar_that_cannot_be_read_is_refused_with_the_ways_to_write_one(bar):
    with pytest.raises(ValueError, match=r"cannot be read.*'>= baseline - 0.002'"):
        parse_gate("ctr.auc", bar, OUTPUTS)
