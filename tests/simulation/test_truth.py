import dataclasses

import numpy as np
import pytest

from simulation.settings import Settings
from simulation.shop import open_shop
from simulation.traffic import plan, visit
from simulation.truth import Biases, calibrate, logits, reveal, sigmoid


def probabilities(settings):
    shop = open_shop(settings)
    biases = calibrate(settings, shop)
    truths = [reveal(shop, biases, visit(settings, shop, chunk)) for chunk in plan(settings)]
    return (
        np.concatenate([truth.click for truth in truths]),
        np.concatenate([truth.conversion for truth in truths]),
    )


@pytest.mark.parametrize(("click_rate", "conversion_rate"), [(0.08, 0.08), (0.3, 0.02)])
def test_mean_probabilities_are_the_rates_of_the_settings(click_rate, conversion_rate):
    settings = Settings(
        200_000, 5, 1, click_rate=click_rate, conversion_rate=conversion_rate, items=1_000
    )
    click, conversion = probabilities(settings)
    assert click.mean() == pytest.approx(click_rate, rel=0.02)
    assert np.average(conversion, weights=click) == pytest.approx(conversion_rate, rel=0.02)


@pytest.mark.parametrize("seed", [1, 2])
def test_clicked_impressions_are_a_biased_sample(seed):
    click, conversion = probabilities(Settings(100_000, 5, seed))
    assert 1.1 < np.average(conversion, weights=click) / conversion.mean() < 1.6
    appetites = [np.log(p / (1 - p)) for p in (click, conversion)]
    assert 0.2 < np.corrcoef(*appetites)[0, 1] < 0.6


@pytest.mark.parametrize("seed", [1, 2])
def test_the_best_possible_ranking_is_neither_easy_nor_hopeless(seed):
    click, conversion = probabilities(Settings(100_000, 5, seed))
    assert 0.72 < expected_auc(click) < 0.80
    assert 0.80 < expected_auc(click * conversion) < 0.90


def expected_auc(probability):
    """AUC of the probabilities themselves over their events, in expectation."""
    ordered = np.sort(probability)
    misses_below = np.cumsum(1 - ordered) - (1 - ordered) / 2
    return (ordered * misses_below).sum() / (ordered.sum() * (1 - ordered).sum())


@pytest.fixture(scope="module")
def seen():
    settings = Settings(1_000, 1, 2)
    shop = open_shop(settings)
    return shop, visit(settings, shop, next(plan(settings)))


def test_the_position_moves_clicks_only(seen):
    shop, impressions = seen
    lower = dataclasses.replace(impressions, position=impressions.position * 2)
    before, after = logits(shop, impressions), logits(shop, lower)
    np.testing.assert_allclose(before[0] - after[0], 0.7 * np.log(2))
    assert (before[1] == after[1]).all()


def test_the_price_moves_conversions_more_than_clicks(seen):
    shop, impressions = seen
    dearer = dataclasses.replace(impressions, price=impressions.price * np.e)
    before, after = logits(shop, impressions), logits(shop, dearer)
    np.testing.assert_allclose(before[0] - after[0], 0.2)
    np.testing.assert_allclose(before[1] - after[1], 0.6)


def test_the_biases_add_to_the_logits(seen):
    shop, impressions = seen
    click, conversion = logits(shop, impressions)
    truth = reveal(shop, Biases(-2.0, 1.0), impressions)
    np.testing.assert_allclose(np.log(truth.click / (1 - truth.click)), click - 2)
    np.testing.assert_allclose(
        np.log(truth.conversion / (1 - truth.conversion)), conversion + 1, rtol=1e-6
    )


def test_the_sigmoid_of_huge_logits_does_not_overflow():
    with np.errstate(all="raise"):
        assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]
