import datetime

import pytest

from simulation.settings import Settings


@pytest.mark.parametrize(
    ("impressions", "users", "items"),
    [
        (100, 10, 50),
        (200_000, 8_000, 2_000),
        (1_000_000, 40_000, 5_000),
        (100_000_000, 1_000_000, 5_000),
    ],
)
def test_users_and_items_grow_with_the_impressions_up_to_a_limit(impressions, users, items):
    settings = Settings(impressions, 1, 0)
    assert (settings.num_users, settings.num_items) == (users, items)


def test_users_and_items_that_are_given_are_taken():
    settings = Settings(100, 1, 0, users=3, items=7)
    assert (settings.num_users, settings.num_items) == (3, 7)


@pytest.mark.parametrize(
    ("wrong", "received"),
    [
        ({"impressions": 0}, "impressions=0"),
        ({"impressions": 10.5}, "impressions=10.5"),
        ({"seed": True}, "seed=True"),
        ({"days": 0}, "days=0"),
        ({"days": 101}, "impressions=100, days=101"),
        ({"impressions": 40_000, "days": 36_526}, "days=36526"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": "1"}, "seed='1'"),
        ({"users": 0}, "users=0"),
        ({"items": -5}, "items=-5"),
        ({"click_rate": 0.0}, "click_rate=0.0"),
        ({"click_rate": 1}, "click_rate=1"),
        ({"conversion_rate": float("nan")}, "conversion_rate=nan"),
        ({"format": "orc"}, "format='orc'"),
        ({"start": "2026-01-01"}, "start='2026-01-01'"),
        ({"start": datetime.datetime(2026, 1, 1)}, "start=datetime.datetime"),
        ({"start": datetime.date(1969, 12, 31)}, "start=1969-12-31"),
    ],
)
def test_refused_settings_name_the_value_received(wrong, received):
    with pytest.raises(ValueError) as error:
        Settings(**{"impressions": 100, "days": 2, "seed": 1, **wrong})
    assert received in str(error.value).split("Received: ")[1]
