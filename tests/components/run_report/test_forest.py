import math

import pytest

from components.run_report.forest import forests, main_metric, side
from evaluation.figures import Evaluation, Figure, OutputFigures, SliceFigures


def found(value, low, high, positives=100, models=("candidate", "baseline")):
    """One slice of the output `ctr`: the candidate's AUC is 0.7, `value` its lead."""
    figures = {model: {"auc": Figure(value=0.7, low=0.65, high=0.75)} for model in models}
    lead = {"auc": Figure(value=value, low=low, high=high)}
    return OutputFigures(
        rows=1000,
        positives=positives,
        weight=1000,
        models=figures,
        differences={"baseline": lead} if "baseline" in models else {},
    )


def evaluation(*slices, models=("candidate", "baseline")):
    return Evaluation(
        models=models,
        slices=tuple(SliceFigures(slice=key, outputs={"ctr": one}) for key, one in slices),
    )


SLICES = (
    ({}, found(0.00, -0.02, 0.02)),
    ({"device": "phone"}, found(0.02, 0.01, 0.03)),
    ({"device": "tv"}, found(-0.5, -0.9, 0.9, positives=3)),
    ({"device": "phone", "hour": "3"}, found(-0.02, -0.03, -0.01)),
)


def test_slices_by_the_same_features_share_a_plot_with_all_rows_first():
    plots = forests(evaluation(*SLICES), "ctr", "auc")
    assert [(plot.title, [one.label for one in plot.branches]) for plot in plots] == [
        ("device", ["all rows", "phone", "tv"]),
        ("device × hour", ["all rows", "phone, 3"]),
    ]


def test_with_a_baseline_the_differences_are_drawn_around_none():
    (by_device, by_both) = forests(evaluation(*SLICES), "ctr", "auc")
    whole, phone, television = by_device.branches
    assert by_device.difference
    assert whole.at == pytest.approx(by_device.guide)
    assert (phone.told, phone.interval, phone.side) == ("+0.0200", "+0.0100 to +0.0300", "better")
    assert (whole.side, by_both.branches[1].side) == ("even", "worse")
    assert by_device.guide < phone.low < phone.at < phone.high <= 1
    assert phone.description == "phone: difference to the baseline +0.0200, +0.0100 to +0.0300"
    assert television.small


def test_a_small_slice_does_not_set_the_scale():
    television = forests(evaluation(*SLICES), "ctr", "auc")[0].branches[2]
    assert (television.at, television.low, television.high) == (None, 0, 1)


def test_without_a_baseline_the_values_are_drawn_around_that_of_all_rows():
    alone = ("candidate",)
    slices = [(key, found(0, 0, 0, models=alone)) for key in ({}, {"device": "phone"})]
    (plot,) = forests(evaluation(*slices, models=alone), "ctr", "auc")
    assert not plot.difference
    assert [one.told for one in plot.branches] == ["0.7000", "0.7000"]
    assert plot.branches[0].at == pytest.approx(plot.guide)


def test_what_was_not_measured_has_no_point():
    nothing = found(math.nan, None, None, positives=0)
    (plot,) = forests(evaluation(SLICES[0], ({"device": "tv"}, nothing)), "ctr", "auc")
    assert (plot.branches[1].at, plot.branches[1].told) == (None, "–")


def test_an_output_that_a_slice_lacks_has_no_plot():
    assert forests(evaluation(SLICES[0]), "ctr", "auc") == ()


def test_a_rate_is_told_by_its_auc_and_a_value_by_its_error():
    assert [main_metric(kind) for kind in ("rate", "value", "watch_time")] == [
        "auc",
        "rmse",
        "rmse",
    ]


@pytest.mark.parametrize(
    ("metric", "low", "high", "said"),
    [
        ("auc", 0.01, 0.02, "better"),
        ("auc", -0.02, -0.01, "worse"),
        ("rmse", 0.01, 0.02, "worse"),
        ("log_loss", -0.02, -0.01, "better"),
        ("auc", -0.01, 0.02, "even"),
        ("auc", None, None, "even"),
    ],
)
def test_a_difference_is_for_the_better_or_worse_only_beyond_its_interval(metric, low, high, said):
    value = 0.0 if low is None else (low + high) / 2
    assert side(Figure(value=value, low=low, high=high), metric) == said
