import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

from models.calibrators import Isotonic
from models.calibrators.logit_tally import LogitTally


def fitted(logit, label, weight=1.0):
    tally = LogitTally()
    tally.add(logit, label, weight)
    isotonic = Isotonic()
    isotonic.fit(tally)
    return isotonic


def rates(isotonic, logit):
    return tf.sigmoid(isotonic(tf.constant(logit, tf.float32))).numpy()


def draw(rows=200_000, seed=0):
    """Logits, labels, and the labels' true rates: a curve in logit space."""
    random = np.random.default_rng(seed)
    logit = random.normal(-2, 1.5, rows)
    rate = 1 / (1 + np.exp(1.0 - logit / (1 + 0.3 * np.abs(logit))))
    return logit, random.random(rows) < rate, rate


def test_it_is_the_identity_before_it_is_fitted():
    logit = tf.constant([-np.inf, -40.0, -1.5, 0.1, 62.9, 1e9, np.inf])
    np.testing.assert_array_equal(Isotonic()(logit), logit)


def test_where_rates_rise_by_themselves_each_logit_gets_its_own_mean_label():
    logit = np.repeat([-3.0, -1.0, 0.0, 2.0], 200)
    counts = [2, 30, 90, 150]
    label = np.concatenate([np.arange(200) < count for count in counts])
    isotonic = fitted(logit, label)
    np.testing.assert_allclose(
        rates(isotonic, [-3.0, -1.0, 0.0, 2.0]), np.array(counts) / 200, rtol=1e-5
    )
    between = isotonic(tf.constant([-1.0, -0.5, 0.0])).numpy()
    np.testing.assert_allclose(between[1], (between[0] + between[2]) / 2, rtol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_its_knots_are_scikit_learns_stairs_but_for_one_shift(seed):
    random = np.random.default_rng(seed)
    places = np.linspace(-4, 3, 29)
    logit = np.repeat(places, 300)
    label = random.random(len(logit)) < 1 / (1 + np.exp(0.5 - 0.4 * logit))
    stairs = IsotonicRegression().fit(logit, label)
    isotonic = fitted(logit, label)
    blocks = len(np.unique(stairs.predict(places)))
    assert 3 < blocks < 29  # some places were joined, not all
    knots = isotonic.knots.numpy()[:blocks]
    rate = np.unique(stairs.predict(places))
    shifts = isotonic(tf.constant(knots)).numpy() - np.log(rate / (1 - rate))
    np.testing.assert_allclose(shifts, shifts[0], atol=1e-4)
    assert abs(shifts[0]) < 0.02
    # A knot stands at the mean prediction of its block.
    predicted = 1 / (1 + np.exp(-places))
    means = [predicted[stairs.predict(places) == each].mean() for each in rate]
    np.testing.assert_allclose(1 / (1 + np.exp(-knots)), means, rtol=1e-4)


def test_the_mean_prediction_is_the_mean_label():
    logit, label, _ = draw()
    np.testing.assert_allclose(rates(fitted(logit, label), logit).mean(), label.mean(), rtol=1e-4)


def test_it_learns_a_curve_from_many_rows():
    isotonic = fitted(*draw()[:2])
    logit, _, rate = draw(seed=1)
    found = rates(isotonic, logit)
    order = np.argsort(logit)
    for rows in np.array_split(order, 10):
        assert found[rows].mean() == pytest.approx(rate[rows].mean(), rel=0.1)
    before = 1 / (1 + np.exp(-logit))
    assert np.abs(found - rate).mean() < 0.005 < 0.08 < np.abs(before - rate).mean()


def test_more_than_64_blocks_are_joined_by_what_they_tell():
    logit = np.repeat(np.linspace(-8, 8, 200), 2000)
    truth = 1 / (1 + np.exp(1 - 0.8 * np.linspace(-8, 8, 200)))
    label = np.concatenate([np.arange(2000) < round(2000 * p) for p in truth])
    isotonic = fitted(logit, label)
    assert len(np.unique(isotonic.corrections)) > 50
    np.testing.assert_allclose(rates(isotonic, np.linspace(-8, 8, 200)), truth, atol=0.005)


def test_a_block_of_one_label_is_as_sure_as_its_rows_allow():
    logit = np.repeat([-2.0, 2.0], [50, 10])
    isotonic = fitted(logit, logit > 0)
    assert isotonic.corrections.shape == [64]
    found = rates(isotonic, [-2.0, 2.0])
    np.testing.assert_allclose(found, [1 / 100, 1 - 1 / 20], rtol=1e-4)  # the mean is 10/60


def test_beyond_the_outermost_knots_the_logit_keeps_its_shape():
    isotonic = fitted(*draw()[:2])
    found = isotonic(tf.constant([-30.0, -29.0, 40.0, 42.0])).numpy()
    np.testing.assert_allclose([found[1] - found[0], found[3] - found[2]], [1.0, 2.0], rtol=1e-5)


def test_a_logit_that_tells_nothing_is_shifted_and_keeps_its_order():
    logit = np.repeat([-1.0, 1.0], 100)
    isotonic = fitted(logit, np.tile([True, False, False, False], 50))
    found = isotonic(tf.constant([-1.0, 0.0, 1.0])).numpy()
    np.testing.assert_allclose(np.diff(found), 1.0, rtol=1e-5)
    np.testing.assert_allclose(rates(isotonic, logit).mean(), 0.25, rtol=1e-5)


def test_the_auc_stays():
    logit, label, _ = draw(rows=5000)
    after = fitted(logit, label)(tf.constant(logit, tf.float32))
    assert roc_auc_score(label, after) == pytest.approx(roc_auc_score(label, logit), abs=1e-5)


rows = st.lists(
    st.tuples(st.floats(-30, 30), st.booleans(), st.sampled_from([0.01, 1.0, 50.0])),
    min_size=2,
    max_size=300,
).filter(lambda rows: len({label for _, label, _ in rows}) == 2)


@settings(deadline=None, max_examples=25)
@given(rows)
def test_whatever_the_rows_it_never_falls_and_is_finite(rows):
    isotonic = fitted(*np.array(rows, np.float64).T)
    logit = np.sort(np.concatenate([np.linspace(-45, 45, 500), [x for x, _, _ in rows]]))
    after = isotonic(tf.constant(logit, tf.float32)).numpy()
    assert np.isfinite(after).all()
    assert np.diff(after).min() > -1e-4  # what float32 rounds away
