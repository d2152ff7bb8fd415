import itertools
import math

from components.run_report.shown import MOST_POINTS, MOST_SLICES, shown


def test_all_rows_keep_every_figure_and_curves_become_short(evaluation):
    cut, _ = shown(evaluation)
    whole, before = cut.overall["ctr"], evaluation.overall["ctr"]
    assert whole.models == before.models
    assert len(whole.curves["candidate"].roc) <= MOST_POINTS < len(before.curves["candidate"].roc)
    assert whole.curves["candidate"].roc[-1] == (1, 1)


def test_a_thinned_curve_has_the_area_of_the_whole(evaluation):
    def area(points):
        return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(points))

    cut, _ = shown(evaluation)
    for model in ("candidate", "truth"):
        whole = area(evaluation.overall["ctr"].curves[model].roc)
        assert math.isclose(area(cut.overall["ctr"].curves[model].roc), whole, abs_tol=1e-3)


def test_slices_keep_what_forest_plots_are_drawn_from(evaluation):
    cut, left_out = shown(evaluation)
    phone = cut.slices[1].outputs["ctr"]
    assert left_out == 0
    assert list(phone.models) == ["candidate", "baseline"]
    assert list(phone.differences) == ["baseline"]
    assert set(phone.models["candidate"]) == {"auc", "calibration"}


def test_of_many_slices_the_first_stay_and_the_others_are_counted(evaluation):
    whole, one = evaluation.slices[:2]
    many = [one.model_copy(update={"slice": {"item": str(item)}}) for item in range(500)]
    cut, left_out = shown(evaluation.model_copy(update={"slices": (whole, one, *many)}))
    assert left_out == 500 - MOST_SLICES
    assert [slice_.slice for slice_ in cut.slices[:3]] == [{}, {"device": "phone"}, {"item": "0"}]
