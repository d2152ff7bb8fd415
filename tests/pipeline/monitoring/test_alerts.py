"""What is out of band raises an alert; what may be chance does not."""

import datetime

import numpy as np
import pytest

from pipeline.monitoring import intervals
from pipeline.monitoring.alerts import alerts
from pipeline.monitoring.figures import Figures, Hour, Ratio, Served
from schemas.monitoring import Monitor

BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def figures(label, predicted, auc=(0.8, 0.75, 0.85), scored=1.0, output="ctr"):
    low, high = intervals.of_count(label)
    copc = Ratio(label / predicted, low / predicted, high / predicted)
    return Figures(output, 1000, 0, label, label, predicted, copc, Ratio(*auc), scored)


def judged(*outputs, rows=(1000,), monitor=None, whole=True, versions=None, answered=("ctr",)):
    hours = [
        Hour(BEGIN + datetime.timedelta(hours=number), whole, Served(count, 0, tuple(outputs)))
        for number, count in enumerate(rows)
    ]
    total = Served(sum(rows), 0, ())
    found = alerts(hours, total, versions or {}, monitor or Monitor(), answered)
    return [(alert.measure, alert.output, alert.value) for alert in found]


@pytest.mark.parametrize(
    ("label", "predicted", "told"),
    [
        (100, 100, []),
        (100, 160, [("COPC", "ctr", 0.625)]),
        (160, 100, [("COPC", "ctr", 1.6)]),
        (100, 130, []),  # 0.77, but 0.94 may be true
        (0, 50, [("COPC", "ctr", 0.0)]),  # nothing came of what was foreseen
        (49, 20, []),  # too few to speak
        (0, 49, []),
    ],
)
def test_copc_is_judged_where_enough_events_came_or_were_foreseen(label, predicted, told):
    assert judged(figures(label, predicted)) == told


def test_an_auc_is_judged_where_enough_events_came():
    monitor = Monitor(auc=">= 0.8")
    low, chance = (0.7, 0.65, 0.75), (0.7, 0.55, 0.85)
    assert judged(figures(60, 60, low), monitor=monitor) == [("AUC", "ctr", 0.7)]
    assert judged(figures(60, 60, chance), monitor=monitor) == []
    assert judged(figures(49, 49, low), monitor=monitor) == []
    assert judged(figures(60, 60, low)) == []


def test_scores_that_are_missing_are_told_whatever_the_labels():
    assert judged(figures(1, 1, scored=0.9)) == [("scored", "ctr", 0.9)]
    assert judged(figures(1, 1, scored=0.9), monitor=Monitor(scored=None)) == []


def test_an_output_that_the_log_does_not_have_is_not_judged():
    assert judged(figures(0, 1000, scored=0.0), answered=()) == []


def test_a_volume_is_judged_beside_the_median_hour():
    rows = (1000, 1000, 40, 1000, 60)
    assert judged(rows=rows) == []  # 40 of 1000, but 54 may have been meant
    assert judged(rows=(1000, 1000, 30, 1000, 60)) == [("volume", "", 30)]
    assert judged(rows=(1000, 1000, 0, 1000)) == [("volume", "", 0)]
    assert judged(rows=rows, whole=False) == []
    assert judged(rows=rows, monitor=Monitor(volume=None)) == []


def test_versions_are_judged_where_there_are_several():
    bad, good = (Served(1000, 0, (figures(label, 100),)) for label in (300, 100))
    monitor = Monitor()
    hours = [Hour(BEGIN, True, good)]
    [alert] = alerts(hours, good, {"8": bad, "9": good}, monitor, ["ctr"])
    assert (alert.version, alert.hour, alert.measure) == ("8", None, "COPC")
    assert alerts(hours, good, {"8": bad}, monitor, ["ctr"]) == ()


def test_what_shows_in_no_hour_may_show_in_all_of_them():
    few, many = (Served(1000, 0, (figures(label, label * 2),)) for label in (20, 60))
    hours = [Hour(BEGIN + datetime.timedelta(hours=number), True, few) for number in range(3)]
    [alert] = alerts(hours, many, {}, Monitor(), ["ctr"])
    assert (alert.hour, alert.version, alert.value) == (None, None, 0.5)
    assert alerts(hours[:1], few, {}, Monitor(), ["ctr"]) == ()


def test_a_model_at_the_edge_of_the_band_is_accused_in_one_hour_of_forty():
    """Events are drawn as often as the band just allows: 0.8 of what was foreseen."""
    rng = np.random.default_rng(0)
    hours = 4000
    accused = sum(bool(judged(figures(int(label), 200.0))) for label in rng.poisson(160, hours))
    assert 0.01 < accused / hours < 0.035
    calm = sum(bool(judged(figures(int(label), 200.0))) for label in rng.poisson(200, hours))
    assert calm == 0
