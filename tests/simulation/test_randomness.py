import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.randomness import Stream, choose, correlated_levels, generator, shuffled_levels


def test_each_stream_and_place_draws_its_own_numbers_and_always_the_same():
    places = [(Stream.SHOP,), (Stream.TRAFFIC, 0, 1), (Stream.TRAFFIC, 1, 0), (Stream.OUTCOMES, 0)]
    drawn = [generator(3, *place).integers(0, 2**62) for place in places]
    assert len(set(drawn)) == 4
    assert drawn == [generator(3, *place).integers(0, 2**62) for place in places]


@given(st.integers(2, 60), st.integers(0, 2**32))
def test_levels_have_exactly_the_mean_and_the_deviation_asked_for(count, seed):
    levels = shuffled_levels(np.random.default_rng(seed), count, 0.3)
    assert levels.mean() == pytest.approx(0, abs=1e-12)
    assert levels.std() == pytest.approx(0.3)
    assert len(set(levels.tolist())) == count


@given(st.integers(6, 60), st.floats(-0.9, 0.9), st.integers(0, 2**32))
def test_correlated_levels_have_exactly_the_correlation_asked_for(count, correlation, seed):
    rng = np.random.default_rng(seed)
    levels = shuffled_levels(rng, count, 0.3)
    others = correlated_levels(rng, levels, correlation, 0.4)
    assert np.corrcoef(levels, others)[0, 1] == pytest.approx(correlation, abs=1e-6)
    assert others.mean() == pytest.approx(0, abs=1e-9)
    assert others.std() == pytest.approx(0.4)


def test_a_single_level_has_no_effect():
    assert shuffled_levels(np.random.default_rng(0), 1, 0.3).tolist() == [0.0]


def test_choice_follows_the_weights_and_never_takes_a_weight_of_zero():
    drawn = choose(np.random.default_rng(0), np.cumsum([1.0, 0.0, 3.0]), 40_000)
    counts = np.bincount(drawn, minlength=3)
    assert counts[1] == 0
    # Four standard deviations of a binomial of 40,000 at a quarter.
    assert abs(counts[0] - 10_000) < 4 * (40_000 * 0.25 * 0.75) ** 0.5
