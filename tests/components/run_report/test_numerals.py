import math

import pytest

from components.run_report import numerals


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.75804, "0.7580"),
        (-0.0031, "−0.0031"),
        (-0.00001, "0.0000"),
        (1234.5, "1,234.5000"),
        (math.nan, "–"),
        (None, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_a_number_has_four_digits_after_the_point_and_a_true_minus(value, text):
    assert numerals.decimal(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.0797, "8.0 %"),
        (0.9996, "99.96 %"),
        (0.0066, "0.66 %"),
        (0.000123, "0.012 %"),
        (0.5, "50.0 %"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_a_share_is_told_in_percent_and_not_quite_all_is_not_all(value, text):
    assert numerals.share(value) == text


@pytest.mark.parametrize(
    ("metric", "name"),
    [("auc", "AUC"), ("ndcg@10", "NDCG@10"), ("log_loss", "log loss"), ("new_one", "new one")],
)
def test_metrics_have_the_names_that_people_write(metric, name):
    assert numerals.metric_name(metric) == name


def test_a_calibration_is_read_with_three_digits_and_others_with_four():
    assert numerals.figure(1.07134, "calibration") == "1.071"
    assert numerals.figure(0.75804, "auc") == "0.7580"


def test_a_difference_has_its_sign():
    assert [numerals.signed(value) for value in (0.01, -0.01, 0.0, math.nan)] == [
        "+0.0100",
        "−0.0100",
        "0.0000",
        "–",
    ]


def test_durations_bytes_and_counts_are_short():
    assert [numerals.seconds(value) for value in (4.66, 59.96, 109, 7260, None)] == [
        "4.7 s",
        "1 min 0 s",
        "1 min 49 s",
        "2 h 1 min",
        "–",
    ]
    assert [numerals.memory(value) for value in (812_000_000, 2_140_000_000, None)] == [
        "812 MB",
        "2.1 GB",
        "–",
    ]
    assert [numerals.count(value) for value in (200_000, None)] == ["200,000", "–"]


def test_the_id_of_a_run_is_a_moment_and_any_other_id_stays_as_it_is():
    assert numerals.moment("20261102T150641Z") == "2 Nov 2026, 15:06 UTC"
    assert numerals.moment("nightly") == "nightly"


def test_more_auc_is_better_and_more_loss_is_not():
    rising = [m for m in ("auc", "gauc", "ndcg@10", "log_loss", "rmse") if numerals.rises(m)]
    assert rising == ["auc", "gauc", "ndcg@10"]
