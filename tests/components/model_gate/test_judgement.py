import math

import pytest

from components.model_gate.judgement import judge
from schemas.gates import parse_gate


def verdict(bar, value, baseline=None, name="ctr.auc"):
    gate = parse_gate(name, bar, {"ctr": "rate"})
    key = (gate.output, gate.metric)
    base = None if baseline is None else {key: baseline}
    return judge([gate], {key: value}, base)[0]


@pytest.mark.parametrize(
    ("bar", "value", "baseline", "passed"),
    [
        (">= 0.6", 0.6, None, True),
        (">= 0.6", 0.5999, None, False),
        ("0.9 .. 1.1", 1.1, None, True),
        ("0.9 .. 1.1", 1.1001, None, False),
        (">= baseline - 0.002", 0.6981, 0.7, True),
        (">= baseline - 0.002", 0.6979, 0.7, False),
        ("<= baseline", 0.31, 0.3, False),
        (">= baseline + 0.1", 0.5, None, True),
    ],
)
def test_a_gate_holds_both_ends_included(bar, value, baseline, passed):
    assert verdict(bar, value, baseline).passed is passed


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_was_not_measured_does_not_pass(value):
    assert not verdict("<= 1", value).passed
    assert not verdict(">= baseline", value).passed


def test_a_metric_that_is_missing_does_not_pass():
    gate = parse_gate("ctr.auc", ">= 0", {"ctr": "rate"})
    assert judge([gate], {}, None)[0].passed is False


def test_a_baseline_that_was_not_measured_does_not_let_a_relative_gate_pass():
    assert not verdict(">= baseline - 0.1", 0.7, math.nan).passed


def test_the_reason_has_both_numbers():
    assert verdict(">= 0.6", 0.55).reason == "ctr.auc is 0.5500, it must be at least 0.6000"
    assert verdict(">= baseline - 0.01", 0.55, 0.7).reason == (
        "ctr.auc is 0.5500, it must be at least 0.6900 (the baseline has 0.7000)"
    )
    assert verdict(">= baseline", 0.55).reason == "ctr.auc is 0.5500; there is no baseline yet"
