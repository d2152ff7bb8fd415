"""What an evaluation found survives its file."""

import math

from evaluation.figures import Evaluation, Figure, OutputFigures, SliceFigures


def _output(positives=100, value=0.7):
    return OutputFigures(
        rows=1000,
        positives=positives,
        weight=1000.0,
        models={"candidate": {"auc": Figure(value=value, error=0.01, low=0.68, high=0.72)}},
    )


def test_figures_are_the_same_after_json():
    told = Evaluation(
        models=("candidate",),
        slices=(
            SliceFigures(slice={}, outputs={"ctr": _output()}),
            SliceFigures(slice={"device": "phone"}, outputs={"ctr": _output()}),
        ),
    )
    assert Evaluation.model_validate_json(told.model_dump_json()) == told
    assert told.overall["ctr"].models["candidate"]["auc"].value == 0.7


def test_what_cannot_be_measured_is_nan_after_json_too():
    again = OutputFigures.model_validate_json(_output(value=math.nan).model_dump_json())
    assert math.isnan(again.models["candidate"]["auc"].value)


def test_fewer_than_50_positives_are_small():
    assert _output(positives=49).small
    assert not _output(positives=50).small
