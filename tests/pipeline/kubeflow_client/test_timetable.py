import dataclasses
import datetime
import itertools

import pytest

from pipeline.kubeflow_client.cron import parse_cron
from pipeline.kubeflow_client.timetable import Timetable

DAY = datetime.timedelta(days=1)
NIGHTLY = Timetable(parse_cron("0 3 * * *"), False, None, None, 1)
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def test_times_lie_between_start_and_end():
    when = dataclasses.replace(NIGHTLY, start=START + DAY, end=START + 3 * DAY)
    told = [f"{time:%d %H}" for time in when.times(START)]
    assert told == ["02 03", "03 03"]
    assert list(when.times(START + 3 * DAY)) == []
    endless = itertools.islice(NIGHTLY.times(START), 2)
    assert [f"{time:%d %H}" for time in endless] == ["01 03", "02 03"]


@pytest.mark.parametrize(
    ("catch_up", "start", "end", "missed"),
    [
        (True, START, None, 31),
        (False, START, None, 1),
        (False, None, None, 0),
        (True, START, START + 2 * DAY, 2),
        (True, START + 31 * DAY, None, 0),
    ],
)
def test_what_is_made_good_at_once_is_counted(catch_up, start, end, missed):
    when = dataclasses.replace(NIGHTLY, catch_up=catch_up, start=start, end=end)
    assert when.missed(START + 31 * DAY) == missed
