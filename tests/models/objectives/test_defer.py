import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from models import options
from models.objectives.defer import Defer
from schemas.heads import Head

WEIGHTED = Head(label="conversion", given="ctr", weight="share")
HEADS = {"ctr": Head(label="click"), "cvr": WEIGHTED}
DEFER = Defer(HEADS, options.Defer(elapsed="1h"))
TOWERS = ("ctr", "cvr", "cvr_delayed")
HOUR = 3600.0
NEVER = float("nan")
# Half of the conversions come within 15 min, three tenths after 5 h, the others after 30 h.
DELAYS, LAW = np.array([0.25, 5.0, 30.0, NEVER]), np.array([0.5, 0.3, 0.2])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def logit(p):
    return np.log(p / (1 - p))


def columns(age, delay, share=1.0, window=48.0):
    """Returns the columns of clicked rows as the logs knew them, of hours."""
    age, delay, share = np.broadcast_arrays(age, np.where(delay <= age, delay, np.nan), share)
    found = {
        "click": np.ones(len(age)),
        "conversion": ~np.isnan(delay),
        "share": share,
        "label_age": age * HOUR,
        "conversion_delay": delay * HOUR,
        "conversion_mature": age >= window,
    }
    return {name: tf.constant(values.astype(np.float32)) for name, values in found.items()}


def crossing(slope):
    """Returns sigmoid(x) where the slope of a loss is 0."""
    return sigmoid(scipy.optimize.brentq(slope, -9.0, 9.0, xtol=1e-12, rtol=1e-5))


def slope_of(objective, targets, p_dp, tower="cvr", term="cvr"):
    rows = len(targets.labels["cvr"])

    def slope(x):
        given = {"ctr": 0.0, "cvr": 0.0, "cvr_delayed": logit(p_dp)}
        varied = tf.Variable(x, dtype=tf.float32)
        with tf.GradientTape() as tape:
            logits = {name: tf.fill([rows], float(value)) for name, value in given.items()}
            logits[tower] = tf.broadcast_to(varied, [rows])
            loss = objective.terms(logits, targets)[term]
        gradient = tape.gradient(loss, varied)
        return 0.0 if gradient is None else float(gradient)

    return slope


def weights(f, p_dp):
    """Returns what positives and negatives weigh, as the paper has it."""
    return f / (f - p_dp / 2), (1 - f) / (1 - f + p_dp / 2)


def test_each_delayed_head_has_a_helper_that_is_no_head():
    assert DEFER.towers() == TOWERS
    logits = {name: tf.zeros(1) for name in TOWERS}
    assert set(DEFER.head_logits(logits)) == set(HEADS)
    assert DEFER.options.added_terms(HEADS) == ("cvr_delayed",)


def test_the_terms_are_those_of_the_samples_one_by_one(targets_of):
    random = np.random.default_rng(0)
    age, delay = random.uniform(0, 100, 60), random.choice(DELAYS, 60)
    click = random.integers(0, 2, 60)
    rows = columns(age, delay) | {"click": tf.constant(click, tf.float32)}
    x = {name: random.normal(size=60) for name in TOWERS}
    terms = DEFER.terms(
        {name: tf.constant(values, tf.float32) for name, values in x.items()},
        targets_of(HEADS, rows),
    )
    f, dp = (sigmoid(x[name]) for name in TOWERS[1:])
    losses, delayed = [], []
    for i in np.flatnonzero(click):
        come = delay[i] if delay[i] <= age[i] else np.inf
        samples = [] if age[i] < 1 else [come <= 1]
        samples += [True] if 1 < come < np.inf else [come <= 1] if age[i] >= 48 else []
        positive, negative = weights(f[i], min(dp[i], f[i]))
        if samples:
            losses.append(
                -sum(
                    positive * np.log(f[i]) if label else negative * np.log(1 - f[i])
                    for label in samples
                )
                / 2
            )
        if age[i] >= 48:
            delayed.append(-np.log(dp[i] if 1 < come < np.inf else 1 - dp[i]))
    assert 0 < len(delayed) < len(losses) < click.sum()
    assert list(terms) == ["ctr", "cvr", "cvr_delayed"]
    for name, parts in zip(list(terms)[1:], (losses, delayed), strict=True):
        np.testing.assert_allclose(terms[name], np.mean(parts), rtol=1e-5)


@pytest.mark.parametrize("p", [0.2269, 0.04, 0.5])
def test_the_rate_is_where_the_expected_gradient_of_a_stream_vanishes(p, targets_of):
    p_dp = p / 2
    q = p - p_dp / 2  # half of the samples of each row

    def by_hand(x):
        f = sigmoid(x)
        positive, negative = weights(f, p_dp)
        return -q * positive * (1 - f) + (1 - q) * negative * f

    assert scipy.optimize.brentq(by_hand, logit(0.6 * p), 9.0) == pytest.approx(logit(p), rel=1e-6)
    rows = columns(np.full(4, 99.0), DELAYS, np.append(LAW * p, 1 - p))
    slope = slope_of(DEFER, targets_of(HEADS, rows), p_dp)
    assert crossing(slope) == pytest.approx(p, rel=1e-4)
    # Below it every gradient points up and above it down, where the weights are clipped as well.
    points = [logit(p) + step for step in (-8, -4, -2, -1, -0.3, 0.3, 1, 2, 4)]
    assert [slope(x) > 0 for x in points] == [False] * 5 + [True] * 4


def test_a_positive_weighs_two_over_two_less_the_share_of_late_conversions(targets_of):
    # As released, DEFUSE's code has 2 * p / p * (2 - d) for 2 / (2 - d).
    p, row = 0.2269, columns(np.full(1, 9.0), np.array([0.25]), window=10)
    slope = slope_of(DEFER, targets_of(HEADS, row), p / 2)(logit(p))
    np.testing.assert_allclose(slope, -(1 - p) / 2 * 2 / (2 - 0.5), rtol=1e-5)


def test_no_positive_weighs_more_than_two(targets_of):
    row = columns(np.full(1, 9.0), np.array([0.25]), window=10)
    for x in (-3.0, -10.0, -30.0):
        slope = slope_of(DEFER, targets_of(HEADS, row), 0.5)(x)
        np.testing.assert_allclose(slope, -sigmoid(-x) / 2 * 2, rtol=1e-5)


@pytest.mark.parametrize("p", [0.2269, 0.04, 0.5])
def test_the_helper_finds_its_rate_among_mature_rows_alone(p, targets_of):
    # Young rows, of which nobody has bought, are as many again and teach the helper nothing.
    age, delay = np.repeat([99.0, 2.0], 4), np.tile(DELAYS, 2)
    delay[4:] = NEVER
    targets = targets_of(HEADS, columns(age, delay, np.tile(np.append(LAW * p, 1 - p), 2)))
    slope = slope_of(DEFER, targets, 0.5, "cvr_delayed", "cvr_delayed")
    assert crossing(slope) == pytest.approx(p / 2, rel=1e-4)


def test_no_gradient_passes_through_a_weight(targets_of):
    targets = targets_of(HEADS, columns(np.full(4, 99.0), DELAYS))
    for tower, term in (("cvr_delayed", "cvr"), ("cvr", "cvr_delayed")):
        assert slope_of(DEFER, targets, 0.1, tower, term)(0.2) == 0
    assert slope_of(DEFER, targets, 0.1)(0.2) != 0


def steady(p, days=6):
    """Returns the rows of a click every hour for days, as they are known at their end."""
    age, delay = np.meshgrid(np.arange(days * 24) + 0.5, DELAYS, indexing="ij")
    return columns(age.ravel(), delay.ravel(), np.tile(np.append(LAW * p, 1 - p), days * 24))


@pytest.mark.parametrize("p", [0.2269, 0.04, 0.5])
def test_a_stream_that_has_run_for_long_gives_the_rate_though_conversions_are_to_come(
    p, targets_of
):
    targets = targets_of(HEADS, steady(p))
    complete = Defer(HEADS, options.Defer(elapsed="1h", stream="4d"))
    assert crossing(slope_of(complete, targets, p / 2)) == pytest.approx(p, rel=1e-4)


@pytest.mark.parametrize("p", [0.2269, 0.04, 0.5])
def test_without_a_beginning_second_samples_are_missing(p, targets_of):
    # 143 rows were taken, 96 are mature, 139 are older than 5 h and 114 older than 30 h.
    positives = 0.5 * p * (143 + 96) + 0.3 * p * 139 + 0.2 * p * 114
    negatives = (1 - p) * (143 + 96) + 0.5 * p * 143

    def by_hand(x):
        f = sigmoid(x)
        positive, negative = weights(f, min(p / 2, f))
        return -positives * positive * (1 - f) + negatives * negative * f

    found = crossing(slope_of(DEFER, targets_of(HEADS, steady(p)), p / 2))
    assert found == pytest.approx(crossing(by_hand), rel=1e-4)


def test_a_batch_that_nothing_is_known_of_has_terms_of_0(targets_of):
    targets = targets_of(HEADS, columns(np.full(4, 0.5), DELAYS + 1))
    terms = DEFER.terms({name: tf.fill([4], 0.3) for name in TOWERS}, targets)
    assert {name: float(terms[name]) for name in TOWERS[1:]} == dict.fromkeys(TOWERS[1:], 0.0)


@pytest.mark.parametrize("x", [-200.0, -40.0, 40.0, 200.0])
def test_terms_and_gradients_are_finite_far_out(x, targets_of):
    targets = targets_of(HEADS, columns(np.full(4, 99.0), DELAYS))
    logits = {name: tf.Variable(tf.fill([4], x)) for name in TOWERS}
    with tf.GradientTape() as tape:
        terms = DEFER.terms({name: 1.0 * value for name, value in logits.items()}, targets)
        loss = sum(terms.values())
    assert np.isfinite(np.array(tape.gradient(loss, list(logits.values())))).all()
