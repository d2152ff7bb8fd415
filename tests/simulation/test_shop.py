import numpy as np
import pytest

from simulation.settings import Settings
from simulation.shop import CATEGORIES, SEGMENTS, open_shop


@pytest.fixture(scope="module")
def shop():
    return open_shop(Settings(1_000_000, 1, 5))


def test_the_shop_has_the_users_and_items_of_the_settings(shop):
    assert shop.users.taste.shape == (40_000, 3)
    assert shop.items.taste.shape == (5_000, 3)


def test_popularity_and_activity_are_long_tailed(shop):
    for running_sum, least in ((shop.items.popularity, 0.4), (shop.users.activity, 0.3)):
        weights = np.sort(np.diff(running_sum, prepend=0))[::-1]
        top = weights[: len(weights) // 10].sum() / weights.sum()
        assert least < top < 0.8


def test_appetites_for_clicks_and_for_conversions_are_correlated_but_not_equal(shop):
    users = shop.users
    correlation = np.corrcoef(users.click_appetite, users.conversion_appetite)[0, 1]
    assert 0.1 < abs(correlation) < 0.95
    segment = users.segment[:, None] == np.arange(len(SEGMENTS))
    own = [
        appetite - segment @ ((segment.T @ appetite) / segment.sum(axis=0))
        for appetite in (users.click_appetite, users.conversion_appetite)
    ]
    assert 0.4 < np.corrcoef(*own)[0, 1] < 0.8


def test_most_of_the_affinity_is_that_of_segment_and_category(shop):
    users, items = shop.users, shop.items
    affinity = users.taste[:2_000] @ items.taste[:1_000].T
    shared = np.zeros_like(affinity)
    for s in range(len(SEGMENTS)):
        for c in range(len(CATEGORIES)):
            cell = np.ix_(users.segment[:2_000] == s, items.category[:1_000] == c)
            shared[cell] = affinity[cell].mean()
    assert 0.85 < shared.var() / affinity.var() < 0.98


def test_some_ages_are_unknown_and_all_are_human(shop):
    assert 0.06 < 1 - shop.users.age_known.mean() < 0.10
    assert shop.users.age.min() >= 16 and shop.users.age.max() <= 95


def test_the_smallest_shop_has_one_user_and_one_item():
    shop = open_shop(Settings(1, 1, 0, users=1, items=1))
    assert len(shop.users.segment) == len(shop.items.category) == 1
    assert np.isfinite(shop.items.price).all() and shop.items.price[0] > 0
