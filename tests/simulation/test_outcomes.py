import math

import numpy as np
import pytest

from simulation.outcomes import click_seconds, conversion_seconds, happen
from simulation.settings import Settings
from simulation.shop import open_shop
from simulation.traffic import plan, visit
from simulation.truth import Truth

SETTINGS = Settings(400_000, 1, 1)


@pytest.fixture(scope="module")
def half():
    """Outcomes of a chunk in which half is clicked and half of that converts."""
    chunk = next(plan(SETTINGS))
    seen = visit(SETTINGS, open_shop(SETTINGS), chunk)
    evens = np.full(chunk.rows, 0.5)
    return chunk, seen, happen(SETTINGS, chunk, seen, Truth(evens, evens))


def within(count, trials, probability):
    """Whether a binomial count lies within four standard deviations of its mean."""
    deviation = (trials * probability * (1 - probability)) ** 0.5
    return abs(count - trials * probability) < 4 * deviation


def test_clicks_and_conversions_have_the_true_probabilities(half):
    chunk, _, outcomes = half
    assert within(len(outcomes.clicked), chunk.rows, 0.5)
    assert within(len(outcomes.converted), len(outcomes.clicked), 0.5)


def test_blemishes_are_a_duplicate_in_two_hundred_and_a_second_click_in_a_hundred(half):
    chunk, _, outcomes = half
    assert within(len(outcomes.logged) - chunk.rows, chunk.rows, 0.005)
    assert within(len(outcomes.repeated), len(outcomes.clicked), 0.01)


def test_every_impression_is_logged_once_or_twice(half):
    chunk, _, outcomes = half
    assert set(np.bincount(outcomes.logged, minlength=chunk.rows).tolist()) == {1, 2}


def test_only_clicked_impressions_convert_or_are_clicked_again(half):
    _, _, outcomes = half
    assert set(outcomes.converted) < set(outcomes.clicked)
    assert set(outcomes.repeated) < set(outcomes.clicked)


def test_a_conversion_comes_a_minute_to_three_days_after_its_click(half):
    _, _, outcomes = half
    clicked = dict(zip(outcomes.clicked.tolist(), outcomes.click_time.tolist(), strict=True))
    waits = outcomes.conversion_time - [clicked[row] for row in outcomes.converted.tolist()]
    assert waits.min() >= 60 and waits.max() < 3 * 86_400


def test_a_second_click_follows_the_first_within_an_hour_of_the_impression(half):
    _, seen, outcomes = half
    clicked = dict(zip(outcomes.clicked.tolist(), outcomes.click_time.tolist(), strict=True))
    pauses = outcomes.repeat_time - [clicked[row] for row in outcomes.repeated.tolist()]
    assert pauses.min() >= 1 and pauses.max() < 60
    assert (outcomes.repeat_time - seen.timestamp[outcomes.repeated] < 3_600).all()


def test_impossible_is_never_and_certain_is_always():
    chunk = next(plan(SETTINGS))
    seen = visit(SETTINGS, open_shop(SETTINGS), chunk)
    never, always = np.zeros(chunk.rows), np.ones(chunk.rows)
    assert len(happen(SETTINGS, chunk, seen, Truth(never, always)).converted) == 0
    assert len(happen(SETTINGS, chunk, seen, Truth(always, always)).converted) == chunk.rows


def test_clicks_come_in_seconds_to_minutes():
    delays = click_seconds(np.random.default_rng(0), 1_000_000)
    assert delays.min() >= 1 and delays.max() < 3_600 - 60
    assert 18 < np.median(delays) < 21
    assert np.quantile(delays, 0.95) < 180


def share_below(hours):
    """Share of a log-normal with median 3 hours and sigma 1.8, cut at 72 hours, below `hours`."""

    def uncut(hours):
        return 0.5 * (1 + math.erf(math.log(hours / 3) / 1.8 / math.sqrt(2)))

    return uncut(hours) / uncut(72)


@pytest.mark.parametrize("hours", [0.25, 1, 3, 12, 24, 60, 71])
def test_conversions_have_a_long_tail_that_is_cut_not_heaped_up_at_three_days(hours):
    delays = conversion_seconds(np.random.default_rng(0), 200_000)
    assert within(int((delays < hours * 3_600).sum()), 200_000, share_below(hours))


def test_half_of_the_conversions_come_within_hours_and_none_in_under_a_minute():
    delays = conversion_seconds(np.random.default_rng(0), 200_000)
    assert 2.5 * 3_600 < np.median(delays) < 3 * 3_600
    assert delays.min() == 60 and 71 * 3_600 < delays.max() < 72 * 3_600
