import datetime

import click
import pytest

from pipeline.commands.moment import Moment

MAY_3 = datetime.datetime(2024, 5, 3, tzinfo=datetime.UTC)


def test_a_moment_is_a_date_or_a_time_and_utc_unless_it_says_otherwise():
    read = Moment().convert
    assert read("2024-05-03", None, None) == MAY_3
    assert read("2024-05-03T14:00Z", None, None) == MAY_3 + datetime.timedelta(hours=14)
    assert read("2024-05-03T14:00+02:00", None, None) == MAY_3 + datetime.timedelta(hours=12)


def test_what_is_none_is_told_with_an_example():
    with pytest.raises(click.BadParameter, match=r"as in 2024-05-03 or .* Received: 'noon'"):
        Moment().convert("noon", None, None)
