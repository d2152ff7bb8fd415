import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from models.calibrators import Platt
from models.calibrators.logit_tally import LogitTally


def fitted(logit, label, weight=1.0):
    tally = LogitTally()
    tally.add(logit, label, weight)
    platt = Platt()
    platt.fit(tally)
    return platt


def draw(scale, shift, rows=200_000, seed=0):
    """Logits, and labels whose true logit is scale * logit + shift."""
    random = np.random.default_rng(seed)
    logit = random.normal(-2, 1.5, rows)
    return logit, random.random(rows) < 1 / (1 + np.exp(-scale * logit - shift))


def test_it_is_the_identity_before_it_is_fitted():
    logit = tf.constant([-40.0, -1.5, 0.1, 30.0])
    np.testing.assert_array_equal(Platt()(logit), logit)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (0.5, -1.0), (2.0, 1.0)])
def test_it_finds_the_line_that_the_labels_were_drawn_from(scale, shift):
    platt = fitted(*draw(scale, shift))
    np.testing.assert_allclose([platt.scale, platt.shift], [scale, shift], atol=0.03)


def test_it_is_logistic_regression_on_the_logit():
    logit, label = draw(0.7, -0.5, rows=20_000)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(logit))
    plain = LogisticRegression(C=np.inf, tol=1e-10).fit(logit[:, None], label, weight)
    platt = fitted(logit, label, weight)
    np.testing.assert_allclose(platt.scale, plain.coef_[0, 0], rtol=2e-3)
    np.testing.assert_allclose(platt.shift, plain.intercept_[0], rtol=2e-3)


def test_twenty_rows_on_one_logit_get_the_mean_of_platts_targets():
    # 15 positives count 16/17, 5 negatives 1/7: (15 * 16/17 + 5 * 1/7) / 20 = 0.7416.
    platt = fitted(np.full(20, 0.25), np.arange(20) < 15)
    rate = tf.sigmoid(platt(tf.constant(0.25)))
    np.testing.assert_allclose(rate, (15 * 16 / 17 + 5 / 7) / 20, rtol=1e-5)


def test_labels_that_the_logit_parts_cleanly_leave_it_finite():
    logit = np.linspace(-4, 4, 100)
    platt = fitted(logit, logit > 0)
    assert 1 < platt.scale < 20
    assert abs(float(platt.shift)) < 0.01
    top = tf.sigmoid(platt(tf.constant([-4.0, 4.0])))
    assert 0 < top[0] < 0.02 < 0.98 < top[1] < 1


def test_the_order_of_the_rows_is_never_turned_around():
    logit, label = draw(-1.0, -3.0)
    platt = fitted(logit, label)
    np.testing.assert_allclose(platt.scale, 0.01)
    mean = tf.reduce_mean(tf.sigmoid(platt(tf.constant(logit, tf.float32))))
    np.testing.assert_allclose(mean, label.mean(), rtol=1e-3)


def test_the_auc_stays():
    logit, label = draw(0.5, -1.0, rows=5000)
    after = fitted(logit, label)(tf.constant(logit, tf.float32))
    assert roc_auc_score(label, after) == pytest.approx(roc_auc_score(label, logit), abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.floats(-30, 30), st.booleans()), min_size=2, max_size=40).filter(
        lambda rows: len({label for _, label in rows}) == 2
    )
)
def test_whatever_the_rows_the_line_rises_and_is_finite(rows):
    platt = fitted(*np.array(rows, np.float64).T)
    assert float(platt.scale) >= 0.0099
    assert np.isfinite(float(platt.scale)) and np.isfinite(float(platt.shift))
