import math
import re

import pytest

from components.run_report.axes import Scale
from components.run_report.plots import BOTTOM, LEFT, RIGHT, TOP, Paper, head_plots
from evaluation.figures import Curves, Figure, ReliabilityBin

CURVES = Curves(
    roc=((0, 0), (0.25, 0.75), (1, 1)),
    pr=((0, 1), (0.5, 0.4), (1, 0.2)),
    reliability=(
        ReliabilityBin(predicted=0.1, observed=0.08, low=0.05, high=0.12, weight=5),
        ReliabilityBin(predicted=0.3, observed=0.5, low=0.4, high=0.6, weight=5),
    ),
    edges=(-2.0, -1.0, 0.0, 1.0, 2.0),
    negatives=(0.0, 6.0, 2.0, 0.0),
    positives=(0.0, 0.0, 3.0, 0.0),
)
FIGURES = {
    "candidate": {"auc": Figure(value=0.75), "pr_auc": Figure(value=0.4)}
    | {"mean_label": Figure(value=0.2)},
    "truth": {"auc": Figure(value=0.8)},
}


def plots(**curves):
    return {one.title: one for one in head_plots("ctr", curves or {"candidate": CURVES}, FIGURES)}


def points(shape):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](\S+?) ([\d.]+)", shape.d)]


def test_a_point_lies_where_its_scales_say():
    paper = Paper(Scale(0, 1), Scale(0, 10))
    assert paper.place(0, 0) == (LEFT, BOTTOM)
    assert paper.place(1, 10) == (RIGHT, TOP)
    assert math.isnan(paper.place(math.nan, 1)[0])


def test_the_roc_curve_goes_through_its_points():
    guide, line = plots()["ROC"].shapes
    assert points(line) == [
        (LEFT, BOTTOM),
        (pytest.approx(LEFT + 0.25 * (RIGHT - LEFT), abs=0.06),
         pytest.approx(BOTTOM - 0.75 * (BOTTOM - TOP), abs=0.06)),
        (RIGHT, TOP),
    ]  # fmt: skip
    assert "guide" in guide.classes


def test_plots_are_told_in_words_with_the_figures():
    found = plots()
    assert found["ROC"].description == "ROC curve of ctr. AUC: 0.7500 candidate, 0.8000 truth."
    assert found["Precision and recall"].description.endswith("PR-AUC: 0.4000 candidate.")
    assert "those of 1 do not reach the diagonal" in found["Reliability"].description


def test_the_candidate_lies_on_top_and_a_constant_is_not_drawn():
    lines = plots(candidate=CURVES, constant=CURVES, truth=CURVES)["ROC"].shapes
    assert [line.classes for line in lines] == ["line guide", "line m-truth", "line m-candidate"]


def test_reliability_is_drawn_of_the_candidate_and_the_baseline_alone():
    shapes = plots(candidate=CURVES, truth=CURVES, baseline=CURVES)["Reliability"].shapes
    assert [shape.classes for shape in shapes] == [
        "line guide",
        "line m-baseline thin",
        "line m-candidate whiskers",
        "dots m-candidate",
    ]
    assert shapes[-1].d.count("h0") == 2


def test_the_histogram_shows_shares_of_each_class_where_there_are_scores():
    negatives, positives = plots()["Scores"].shapes
    # From -1 to 1: 6 and 2 of 8 negatives, and all positives in the second bin.
    heights = sorted({BOTTOM - y for _, y in points(negatives)})
    assert [height / heights[-1] for height in heights] == pytest.approx([0, 1 / 3, 1], abs=0.01)
    assert max(BOTTOM - y for _, y in points(positives)) > heights[-1]
    assert [tick.label for tick in plots()["Scores"].x.ticks] == ["50%"]


def test_without_curves_of_the_candidate_there_are_no_plots():
    assert head_plots("ctr", {"truth": CURVES}, FIGURES) == ()


def test_a_curve_of_no_scores_at_all_is_drawn_empty():
    empty = CURVES.model_copy(
        update={"negatives": (0.0,) * 4, "positives": (0.0,) * 4, "reliability": (), "pr": ()}
    )
    assert len(plots(candidate=empty)) == 4
