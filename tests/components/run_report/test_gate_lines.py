from components.run_report.facts import Verdict
from components.run_report.gate_lines import MOST, gate_lines


def verdict(gate, value="", passed=True):
    return Verdict(
        gate=gate, slice=value and {"hour": value}, bar=">= 0.6", value=0.7, passed=passed
    )


def test_the_verdicts_of_ordinary_gates_are_shown_in_their_order():
    verdicts = [verdict("ctr.auc"), verdict("cvr.auc", passed=False), verdict("ctcvr.auc")]
    assert gate_lines(verdicts) == (tuple(verdicts), ())


def test_of_a_gate_on_many_slices_those_that_refuse_are_shown_first():
    every = [verdict("ctr.auc[hour=*]", str(hour), passed=hour != 22) for hour in range(24)]
    shown, others = gate_lines([verdict("ctr.auc"), *every])
    assert [one.slice for one in shown[:3]] == ["", "hour=22", "hour=0"]
    assert len(shown) == 1 + MOST
    assert len(others) == 24 - MOST
    assert all(one.passed for one in others)
