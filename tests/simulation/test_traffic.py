import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.settings import Settings
from simulation.shop import open_shop
from simulation.traffic import day_sizes, first_second, plan, second_of_day, visit

START = 1_767_225_600  # 2026-01-01T00:00:00Z


@given(st.integers(1, 60), st.integers(0, 100_000))
def test_days_share_the_impressions_and_none_is_empty(days, spare):
    sizes = day_sizes(Settings(days + spare, days, 0))
    assert len(sizes) == days
    assert sizes.sum() == days + spare
    assert sizes.min() >= 1


def test_weekends_are_busier():
    # 2026-01-01 is a Thursday.
    sizes = day_sizes(Settings(740_007, 7, 0))
    assert sizes.tolist() == [100_001, 105_001, 120_001, 125_001, 100_001, 95_001, 95_001]


def test_the_first_second_is_midnight_utc_of_the_start():
    assert first_second(Settings(1, 1, 0)) == START
    assert first_second(Settings(1, 1, 0, start=datetime.date(1970, 1, 2))) == 86_400


@given(st.integers(1, 5), st.integers(0, 1_000_000))
def test_chunks_cut_the_impressions_without_gap_and_stay_small(days, spare):
    chunks = list(plan(Settings(days + spare, days, 0)))
    assert [c.first for c in chunks] == np.cumsum([0, *(c.rows for c in chunks)])[:-1].tolist()
    assert sum(c.rows for c in chunks) == days + spare
    assert {c.rows for c in chunks} <= set(range(1, 65_537))
    assert len({(c.day, c.part) for c in chunks}) == len(chunks)
    assert [c.begin for c in chunks] == sorted(c.begin for c in chunks)


def test_the_day_runs_from_midnight_to_midnight_and_is_quiet_at_night():
    assert second_of_day(np.array([0.0, 1.0])).tolist() == [0.0, 86_400.0]
    assert second_of_day(np.array([0.05]))[0] > 4 * 3_600


@pytest.fixture(scope="module")
def visits():
    settings = Settings(60_000, 3, 1)
    shop = open_shop(settings)
    return shop, [(chunk, visit(settings, shop, chunk)) for chunk in plan(settings)]


def test_impressions_of_a_chunk_lie_between_its_begin_and_that_of_the_next(visits):
    _, chunks = visits
    begins = [chunk.begin for chunk, _ in chunks[1:]] + [START + 3 * 86_400]
    for (chunk, seen), end in zip(chunks, begins, strict=True):
        assert chunk.begin <= seen.timestamp[0]
        assert seen.timestamp[-1] <= end
        assert (np.diff(seen.timestamp) >= 0).all()
        assert (seen.timestamp // 86_400 == START // 86_400 + chunk.day).all()


def test_the_hour_is_that_of_the_timestamp(visits):
    for _, seen in visits[1]:
        assert (seen.hour == seen.timestamp % 86_400 // 3_600).all()


def test_numbers_run_through_all_chunks(visits):
    numbers = np.concatenate([seen.number for _, seen in visits[1]])
    assert (numbers == np.arange(60_000)).all()


def test_a_list_is_one_users_at_one_moment_and_its_positions_count_up_from_one(visits):
    for _, seen in visits[1]:
        inside = seen.position[1:] > 1
        assert seen.position[0] == 1
        assert (np.diff(seen.position)[inside] == 1).all()
        for column in (seen.user, seen.timestamp, seen.device):
            assert (np.diff(column)[inside] == 0).all()
    assert seen.position.max() == 10


def test_the_price_is_the_items_or_a_fifth_less_for_a_whole_day(visits):
    shop, chunks = visits
    paid: dict[tuple[int, int], set[float]] = {}
    for chunk, seen in chunks:
        for item, price in zip(seen.item.tolist(), seen.price.tolist(), strict=True):
            paid.setdefault((chunk.day, item), set()).add(price)
    full = shop.items.price
    reduced = sum(prices == {round(0.8 * full[item], 2)} for (_, item), prices in paid.items())
    assert reduced + sum(prices == {full[item]} for (_, item), prices in paid.items()) == len(paid)
    assert 0.07 < reduced / len(paid) < 0.13


def test_items_age_by_a_day_a_day(visits):
    shop, chunks = visits
    chunk, seen = chunks[-1]
    assert chunk.day == 2
    passed = (seen.timestamp - START) / 86_400
    np.testing.assert_allclose(
        seen.item_age_days - shop.items.age_days[seen.item], passed, atol=0.006
    )
