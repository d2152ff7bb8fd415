import pytest

from components.model_gate.bars import reached
from evaluation.figures import Figure
from schemas.evaluation import EvaluationConfig
from schemas.gates import Bar, parse_gate
from schemas.measurable import Measurable

KNOWN = Measurable({"ctr": "rate"}, EvaluationConfig(item="item"), ())
# One-sided and two-sided 95 % quantiles of Student's t with 19 degrees of freedom, from a table.
ONE_SIDED, TWO_SIDED = 1.729, 2.093


def asked(bar, value, other=None, error=None, apart=None, metric="auc"):
    """What a bar says of a value with an error, and of a difference with the error `apart`."""
    gate = parse_gate(f"ctr.{metric}", Bar(bar=bar), KNOWN)
    freedom = None if error is None else 19
    figure = Figure(value=value, error=error, freedom=freedom)
    beside = None if other is None else Figure(value=other, error=error, freedom=freedom)
    difference = Figure(
        value=value - (other or 0), error=apart, freedom=None if apart is None else 19
    )
    return reached(gate, gate.name, figure, beside, difference)


@pytest.mark.parametrize(
    ("bar", "value", "other", "passed"),
    [
        (">= 0.6", 0.6, None, True),
        (">= 0.6", 0.5999, None, False),
        ("<= 0.3", 0.3, None, True),
        ("<= 0.3", 0.3001, None, False),
        ("0.9 .. 1.1", 1.1, None, True),
        ("0.9 .. 1.1", 1.1001, None, False),
        ("0.9 .. 1.1", 0.8999, None, False),
        (">= baseline - 0.002", 0.6981, 0.7, True),
        (">= baseline - 0.002", 0.6979, 0.7, False),
        ("<= baseline", 0.31, 0.3, False),
        ("<= baseline", 0.3, 0.3, True),
        ("<= baseline * 1.01", 0.303, 0.3, True),
        ("<= baseline * 1.01", 0.3031, 0.3, False),
        (">= popularity + 0.01", 0.72, 0.7, True),
        (">= popularity + 0.01", 0.705, 0.7, False),
    ],
)
def test_a_bound_holds_its_ends_included(bar, value, other, passed):
    assert asked(bar, value, other)[0] is passed


@pytest.mark.parametrize(
    ("bar", "value", "passed"),
    [
        (">= 0.7 with 95% confidence", 0.7 + 0.0174, True),
        (">= 0.7 with 95% confidence", 0.7 + 0.0172, False),
        ("<= 0.7 with 95% confidence", 0.7 - 0.0174, True),
        ("<= 0.7 with 95% confidence", 0.7 - 0.0172, False),
        ("0.6 .. 0.8 with 95% confidence", 0.8 - 0.0211, True),
        ("0.6 .. 0.8 with 95% confidence", 0.8 - 0.0208, False),
        ("0.6 .. 0.8 with 95% confidence", 0.6 + 0.0211, True),
        ("0.6 .. 0.8 with 95% confidence", 0.6 + 0.0208, False),
    ],
)
def test_with_confidence_the_interval_must_reach_the_bar(bar, value, passed):
    assert ONE_SIDED < 1.73 < 1.74 < TWO_SIDED < 2.11
    assert asked(bar, value, error=0.01)[0] is passed


@pytest.mark.parametrize(
    ("bar", "value", "passed"),
    [
        (">= baseline - 0.002 with 95% confidence", 0.7 - 0.002 + 0.00174, True),
        (">= baseline - 0.002 with 95% confidence", 0.7 - 0.002 + 0.00172, False),
        ("<= baseline + 0.002 with 95% confidence", 0.7 + 0.002 - 0.00174, True),
        ("<= baseline + 0.002 with 95% confidence", 0.7 + 0.002 - 0.00172, False),
        (">= baseline with 95% confidence", 0.7, False),
    ],
)
def test_beside_a_model_the_paired_error_counts_and_not_that_of_the_value(bar, value, passed):
    assert asked(bar, value, 0.7, error=0.05, apart=0.001)[0] is passed


def test_a_ratio_with_confidence_is_as_sure_as_the_pair_allows():
    # Both have variance 4e-6, their difference 1e-6, hence covariance 3.5e-6, and
    # V(a - 1.1 b) = 4e-6 + 1.21 * 4e-6 - 2.2 * 3.5e-6 = 1.14e-6: error 0.0010677.
    bar = "<= baseline * 1.1 with 95% confidence"
    assert asked(bar, 0.33 - 0.001847, 0.3, error=0.002, apart=0.001)[0] is True
    assert asked(bar, 0.33 - 0.001845, 0.3, error=0.002, apart=0.001)[0] is False


@pytest.mark.parametrize(
    ("metric", "value", "passed"),
    [
        ("auc", 0.7 - 0.00172, True),
        ("auc", 0.7 - 0.00174, False),
        ("auc", 0.9, True),
        ("log_loss", 0.7 + 0.00172, True),
        ("log_loss", 0.7 + 0.00174, False),
        ("log_loss", 0.1, True),
        ("auc", 0.7, True),
    ],
)
def test_not_worse_refuses_what_is_worse_for_sure_in_the_metrics_own_direction(
    metric, value, passed
):
    found = asked("not worse than baseline", value, 0.7, error=0.05, apart=0.001, metric=metric)
    assert found[0] is passed


@pytest.mark.parametrize(
    ("value", "other", "passed"),
    [
        # On one side of 1 the paired error of 0.001 counts: 0.00173 are needed.
        (1.1, 1.1 - 0.0017, True),
        (1.1, 1.1 - 0.0018, False),
        (0.9, 0.9 + 0.0017, True),
        (0.9, 0.9 + 0.0018, False),
        (1.0, 1.1, True),
        # On either side the error of the sum: sqrt(2 * 4e-4 + 2 * 4e-4 - 1e-6), 0.06915 needed.
        (1.1, 0.9, True),
        (1.1 + 0.0691, 0.9, True),
        (1.1 + 0.0693, 0.9, False),
        (0.9 - 0.0691, 1.1, True),
        (0.9 - 0.0693, 1.1, False),
    ],
)
def test_calibration_is_worse_further_from_one(value, other, passed):
    bar, error = "not worse than baseline", 0.02
    found = asked(bar, value, other, error=error, apart=0.001, metric="calibration")
    assert found[0] is passed


def test_the_very_same_model_is_not_worse():
    for metric in ("auc", "log_loss", "calibration"):
        found = asked("not worse than baseline", 0.7, 0.7, error=0.1, apart=0.0, metric=metric)
        assert found[0] is True


@pytest.mark.parametrize(
    "bar",
    [">= 0.1 with 95% confidence", "0 .. 1 with 95% confidence", "not worse than baseline",
     ">= baseline - 0.5 with 95% confidence", "<= baseline * 9 with 95% confidence"],
)  # fmt: skip
def test_where_there_is_no_interval_a_bar_that_asks_for_one_is_not_reached(bar):
    passed, reason = asked(bar, 0.7, 0.7 if "baseline" in bar else None)
    assert passed is False
    assert reason == (
        "ctr.auc is 0.7000, and has no 95 % interval, as there are too few groups of rows to tell"
    )


@pytest.mark.parametrize(
    ("bar", "other", "reason"),
    [
        (">= 0.75", None, "ctr.auc is 0.7000, it must be at least 0.7500"),
        ("0.75 .. 0.8", None, "ctr.auc is 0.7000, it must be at least 0.7500 and at most 0.8000"),
        (">= 0.70001", None, "ctr.auc is 0.70000, it must be at least 0.70001"),
        (">= 0.7", None, "ctr.auc is 0.7000, it must be at least 0.7000"),
        (
            ">= baseline - 0.01",
            0.75,
            "ctr.auc is 0.7000, it must be at least 0.7400 (the baseline has 0.7500)",
        ),
        (
            ">= constant * 1.5",
            0.5,
            "ctr.auc is 0.7000, it must be at least 0.7500 (the constant rate has 0.5000)",
        ),
        (
            ">= 0.69 with 95% confidence",
            None,
            "ctr.auc is 0.7000, with 95 % confidence at least 0.6827; it must be at least 0.6900",
        ),
        (
            "0.6 .. 0.75 with 95% confidence",
            None,
            "ctr.auc is 0.7000, with 95 % confidence at least 0.6791 and at most 0.7209; it must "
            "be at least 0.6000 and at most 0.7500",
        ),
        (
            ">= baseline - 0.01 with 95% confidence",
            0.75,
            "ctr.auc is 0.7000 and that of the baseline 0.7500; with 95 % confidence the "
            "difference is at least -0.0517, it must be at least -0.0100",
        ),
        (
            "<= baseline * 1.1 with 95% confidence",
            0.75,
            "ctr.auc is 0.7000 and that of the baseline 0.7500; with 95 % confidence the "
            "difference to 1.1 times that is at most -0.1225, it must be at most 0.0000",
        ),
        (
            "not worse than baseline",
            0.75,
            "ctr.auc is 0.7000 and that of the baseline 0.7500: with 95 % confidence it is worse "
            "by at least 0.048",
        ),
        (
            "not worse than popularity",
            0.6999,
            "ctr.auc is 0.7000 and that of popularity 0.6999: with 95 % confidence it cannot be "
            "said to be worse",
        ),
    ],
)
def test_the_reason_has_the_numbers(bar, other, reason):
    assert asked(bar, 0.7, other, error=0.01, apart=0.001)[1] == reason
