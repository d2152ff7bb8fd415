import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from models import options
from models.objectives.fnw import Fnw
from schemas.heads import Head

WEIGHTED = Head(label="conversion", given="ctr", weight="share")
HEADS = {"ctr": Head(label="click"), "cvr": WEIGHTED}
FNW = Fnw(HEADS, options.Fnw())
HOUR = 3600.0
NEVER = float("nan")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def columns(age, delay, share, window):
    """Returns the columns of clicked rows as the logs knew them: what is still to come is not."""
    delay = np.where(delay <= age, delay, np.nan)
    found = {
        "click": np.ones(len(age)),
        "conversion": ~np.isnan(delay),
        "share": share,
        "label_age": age,
        "conversion_delay": delay,
        "conversion_mature": age >= window,
    }
    return {name: tf.constant(values.astype(np.float32)) for name, values in found.items()}


def crossing(slope):
    """Returns sigmoid(x) where the slope of a loss is 0."""
    return sigmoid(scipy.optimize.brentq(slope, -9.0, 9.0, xtol=1e-12, rtol=1e-5))


def slope_of(objective, targets):
    def slope(x):
        logit = tf.Variable(x, dtype=tf.float32)
        with tf.GradientTape() as tape:
            rows = targets.labels["cvr"].shape
            logits = {"ctr": tf.zeros(rows), "cvr": tf.broadcast_to(logit, rows)}
            loss = objective.terms(logits, targets)["cvr"]
        return float(tape.gradient(loss, logit))

    return slope


@pytest.mark.parametrize("p", [0.2269, 0.04, 0.5])
def test_the_rate_is_where_the_expected_gradient_of_a_stream_vanishes(p, targets_of):
    # By hand: p / (1 + p) of the stream are positives.
    q = p / (1 + p)

    def by_hand(x):
        f = sigmoid(x)
        return -q * (1 + f) * (1 - f) + (1 - q) * (1 - f) * (1 + f) * f

    assert crossing(by_hand) == pytest.approx(p, rel=1e-4)
    rows = columns(
        age=np.full(2, 99.0), delay=np.array([7.0, NEVER]), share=np.array([p, 1 - p]), window=50
    )
    assert crossing(slope_of(FNW, targets_of(HEADS, rows))) == pytest.approx(p, rel=1e-4)


def test_a_conversion_is_a_negative_too(targets_of):
    x = 0.3
    rows = columns(np.full(2, 9.0), np.array([0.0, NEVER]), np.ones(2), window=50)
    term = FNW.terms({name: tf.fill([2], x) for name in HEADS}, targets_of(HEADS, rows))["cvr"]
    f = sigmoid(x)
    expected = (1 + f) * (-np.log(f) - 2 * (1 - f) * np.log(1 - f)) / 2
    np.testing.assert_allclose(term, expected, rtol=1e-6)


def test_no_gradient_passes_through_the_weights(targets_of):
    rows = columns(np.full(2, 9.0), np.array([1.0, NEVER]), np.ones(2), window=50)
    for x in (-1.5, 0.0, 2.0):
        f = sigmoid(x)
        # The positive has both samples, the other one only the negative.
        expected = (1 + f) * (-(1 - f) + 2 * (1 - f) * f) / 2
        slope = slope_of(FNW, targets_of(HEADS, rows))(x)
        np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-7)


def steady(p, days=6, window=48):
    """Returns a click every hour for days, of which a share p buys after 15 min, 5 h or 30 h."""
    hours, delays = np.arange(days * 24) + 0.5, np.array([0.25, 5.0, 30.0, NEVER])
    law = np.array([0.5 * p, 0.3 * p, 0.2 * p, 1 - p])
    age, delay = (part.ravel() for part in np.meshgrid(hours, delays, indexing="ij"))
    return columns(age * HOUR, delay * HOUR, np.tile(law, len(hours)), window * HOUR)


@pytest.mark.parametrize("p", [0.2269, 0.04, 0.5])
def test_a_stream_that_has_run_for_long_gives_the_rate_though_conversions_are_to_come(
    p, targets_of
):
    targets = targets_of(HEADS, steady(p))
    complete = Fnw(HEADS, options.Fnw(stream="4d"))  # 6 days less the window of two
    assert crossing(slope_of(complete, targets)) == pytest.approx(p, rel=1e-4)


def test_without_a_beginning_it_gives_the_share_that_had_converted(targets_of):
    # Of 144 hours all but the last 5, and all but the last 30, have seen what comes so late.
    targets = targets_of(HEADS, steady(0.2269))
    seen = 0.2269 * (0.5 + 0.3 * 139 / 144 + 0.2 * 114 / 144)
    assert crossing(slope_of(FNW, targets)) == pytest.approx(seen, rel=1e-4)


@pytest.mark.parametrize("x", [-200.0, -40.0, 40.0, 200.0])
def test_terms_and_gradients_are_finite_far_out(x, targets_of):
    rows = columns(np.full(2, 9.0), np.array([1.0, NEVER]), np.ones(2), window=50)
    assert np.isfinite(slope_of(FNW, targets_of(HEADS, rows))(x))
