"""Sums by log-odds: exact while few, bounded when many, the same however rows were split up."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.histogram import Histogram


def histogram(log_odds, fold, columns, room=64):
    made = Histogram(len(columns), room)
    made.add(log_odds, fold, columns)
    return made


def drawn(rows, seed=0, folds=3):
    random = np.random.default_rng(seed)
    return random.normal(-2, 1.5, rows), random.integers(0, folds, rows), random.random((2, rows))


def same(one, other):
    middles, sums = one.table(3)
    expected_middles, expected = other.table(3)
    np.testing.assert_array_equal(middles, expected_middles)
    np.testing.assert_allclose(sums, expected, rtol=1e-12)


def test_few_log_odds_are_kept_apart_however_near():
    log_odds = np.array([0.5, 0.5 + 1e-12, -7.0, 0.5])
    made = histogram(log_odds, np.array([1, 1, 0, 1]), np.array([[1.0, 2, 4, 8]]))
    middles, sums = made.table(2)
    np.testing.assert_allclose(middles, [-7, 0.5, 0.5 + 1e-12], atol=1e-12)
    assert sums.tolist() == [[[4, 0, 0], [0, 9, 2]]]
    assert made.bins == 3


def test_many_take_no_more_bins_than_there_is_room_for():
    log_odds, fold, columns = drawn(10_000)
    made = histogram(log_odds, fold, columns)
    assert 32 < made.bins <= 64
    middles, sums = made.table(3)
    for one in range(3):
        np.testing.assert_allclose(sums[:, one].sum(-1), columns[:, fold == one].sum(-1))
    # Every row is in the bin whose middle is nearest, at most half a width away.
    place = np.searchsorted(middles - made.width / 2, log_odds, side="right") - 1
    assert np.abs(middles[place] - log_odds).max() <= made.width / 2 * (1 + 1e-9)
    np.testing.assert_allclose(sums.sum(1)[0], np.bincount(place, columns[0], len(middles)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=6),
    st.integers(0, 100),
    st.integers(3, 200),
    st.booleans(),
)
def test_it_is_the_same_however_the_rows_were_split_up(sizes, seed, room, merged):
    log_odds, fold, columns = drawn(sum(sizes), seed)
    log_odds = np.round(log_odds, seed % 4)  # with ties
    whole, parts = histogram(log_odds, fold, columns, room), Histogram(2, room)
    ends = np.cumsum(sizes)
    for start, end in zip(ends - sizes, ends, strict=True):
        part = slice(start, end)
        if merged:
            parts.merge(histogram(log_odds[part], fold[part], columns[:, part], room))
        else:
            parts.add(log_odds[part], fold[part], columns[:, part])
    assert parts.width == whole.width
    assert parts.bins <= room
    same(parts, whole)


@pytest.mark.parametrize("distinct", [10, 60, 20_000])
def test_rows_far_more_than_the_room_are_as_fine_as_if_they_had_come_one_by_one(distinct):
    # At first sight of many rows a shortcut is taken, which must not change what comes out.
    random = np.random.default_rng(distinct)
    log_odds = random.choice(random.normal(0, 2, distinct), 20_000)
    fold, columns = random.integers(0, 3, 20_000), np.ones((1, 20_000))
    parts = Histogram(1, 200)
    for part in np.array_split(np.arange(20_000), 100):
        parts.add(log_odds[part], fold[part], columns[:, part])
    whole = histogram(log_odds, fold, columns, 200)
    assert whole.width == parts.width
    same(whole, parts)


def test_certain_predictions_lie_at_the_ends():
    log_odds = np.array([-np.inf, np.inf, 0.0])
    middles, sums = histogram(log_odds, np.zeros(3, int), np.ones((1, 3))).table(1)
    np.testing.assert_allclose(middles, [-63, 0, 63], atol=1e-12)
    assert sums.tolist() == [[[1, 1, 1]]]


def test_no_rows_are_an_empty_table():
    made = histogram(np.zeros(0), np.zeros(0, int), np.zeros((2, 0)))
    made.merge(Histogram(2, 64))
    middles, sums = made.table(3)
    assert middles.shape == (0,) and sums.shape == (2, 3, 0)


def test_a_few_rows_take_little_and_many_a_bounded_number_of_bytes():
    few, many = histogram(*drawn(10), room=4096), histogram(*drawn(200_000), room=4096)
    assert len(pickle.dumps(few)) < 700
    assert len(pickle.dumps(many)) < 4096 * 8 * 3 + 700
    same(pickle.loads(pickle.dumps(many)), many)
