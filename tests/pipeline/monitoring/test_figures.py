"""What sums come to: figures with intervals, for every hour there was."""

import datetime
import math

import numpy as np
import pytest

from pipeline.monitoring.figures import hours, median_hour, served, versions
from pipeline.monitoring.period import HOUR, Period
from pipeline.monitoring.tally import Sums, Tally, Volume
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "stay": Head(label="seconds", kind="value")}
FIRST = 500_000  # hours since 1970


@pytest.fixture
def tally():
    """Two hours, with one between them in which nothing was served; two versions."""
    found = Tally(HEADS)
    for hour, version, rows in ((FIRST, 0, 10), (FIRST, 1, 30), (FIRST + 2, 1, 8)):
        found.volumes[hour, version] = Volume(rows, rows // 10)
        rate = Sums(unusable=1, immature=2, rows=rows - 3, positives=4, label=4.0, squares=4.0,
                    predicted=8.0)  # fmt: skip
        rate.histogram.add(np.array([-1.0, 0.0]), np.zeros(2, int), np.array([[1.0, 0], [0, 4]]))
        found.sums[hour, version, "ctr"] = rate
        found.sums[hour, version, "stay"] = Sums(
            rows=5, positives=2, label=20.0, squares=100.0, predicted=10.0
        )
    return found


@pytest.fixture
def period():
    def make(since=None, until=FIRST + 3.0, ended=False):
        ends = int(until * HOUR)
        return Period(None if since is None else int(since * HOUR), ends, ended, ends, (), (), ())

    return make


def test_every_hour_is_there_from_the_first_to_the_last(tally, period):
    found = hours(tally, HEADS, period())
    assert [hour.served.rows for hour in found] == [40, 0, 8]
    assert [hour.whole for hour in found] == [True] * 3
    assert found[0].begins == datetime.datetime(2027, 1, 15, 8, tzinfo=datetime.UTC)
    assert found[1].begins - found[0].begins == datetime.timedelta(hours=1)
    assert median_hour(found) == 8


def test_a_person_may_say_where_hours_begin_and_end(tally, period):
    found = hours(tally, HEADS, period(since=FIRST - 1.5, until=FIRST + 4.5, ended=True))
    assert [hour.served.rows for hour in found] == [0, 0, 40, 0, 8, 0, 0]
    assert [hour.whole for hour in found] == [False, *[True] * 5, False]
    assert median_hour(found) == 0


def test_no_score_no_hour(period):
    assert hours(Tally(HEADS), HEADS, period()) == ()
    assert math.isnan(median_hour(()))


def test_figures_of_an_hour_are_those_of_all_its_versions(tally):
    told = served(tally, HEADS, [(FIRST, 0), (FIRST, 1)])
    assert (told.rows, told.unshown) == (40, 4)
    ctr, stay = told.outputs
    assert (ctr.rows, ctr.immature, ctr.positives) == (34, 4, 8)
    assert ctr.copc.value == 0.5
    assert (ctr.copc.low, ctr.copc.high) == pytest.approx((3.454 / 16, 15.763 / 16), rel=1e-3)
    assert ctr.auc.value == 1.0
    assert ctr.scored == pytest.approx(38 / 40)
    assert stay.copc.value == 2.0
    assert stay.copc.high - 2 == pytest.approx(1.96 * math.sqrt(200) / 20, rel=1e-3)
    assert math.isnan(stay.auc.value)


def test_versions_are_told_in_the_order_of_their_names(tally):
    told = versions(tally, HEADS, ["9", "8"])
    assert {name: found.rows for name, found in told.items()} == {"8": 38, "9": 10}
    assert list(told) == ["8", "9"]


def test_where_nothing_was_predicted_or_served_there_is_nothing_to_tell():
    told = served(Tally(HEADS), HEADS, [])
    assert told.rows == 0
    assert all(math.isnan(f.copc.value) and math.isnan(f.scored) for f in told.outputs)
