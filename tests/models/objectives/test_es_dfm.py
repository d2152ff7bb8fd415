import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from models import options
from models.objectives.es_dfm import EsDfm
from schemas.heads import Head

WEIGHTED = Head(label="conversion", given="ctr", weight="share")
HEADS = {"ctr": Head(label="click"), "cvr": WEIGHTED}
ES_DFM = EsDfm(HEADS, options.EsDfm(elapsed="1h"))
TOWERS = ("ctr", "cvr", "cvr_delayed", "cvr_negative")
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


def slope_of(objective, targets, p_dp, p_rn, tower="cvr", term="cvr"):
    rows = len(targets.labels["cvr"])

    def slope(x):
        given = {"ctr": 0.0, "cvr": 0.0, "cvr_delayed": logit(p_dp), "cvr_negative": logit(p_rn)}
        varied = tf.Variable(x, dtype=tf.float32)
        with tf.GradientTape() as tape:
            logits = {name: tf.fill([rows], float(value)) for name, value in given.items()}
            logits[tower] = tf.broadcast_to(varied, [rows])
            loss = objective.terms(logits, targets)[term]
        gradient = tape.gradient(loss, varied)
        return 0.0 if gradient is None else float(gradient)

    return slope


def nuisances(p):
    """Returns P(converts later than an hour) and P(real negative | none within the hour)."""
    later = p * 0.5
    return later, (1 - p) / (1 - p + later)


def test_each_delayed_head_has_two_helpers_that_are_no_heads():
    assert ES_DFM.towers() == TOWERS
    logits = {name: tf.zeros(1) for name in TOWERS}
    assert set(ES_DFM.head_logits(logits)) == set(HEADS)
    assert ES_DFM.options.added_terms(HEADS) == ("cvr_delayed", "cvr_negative")


def test_the_terms_are_those_of_the_samples_one_by_one(targets_of):
    random = np.random.default_rng(0)
    age, delay = random.uniform(0, 100, 60), random.choice(DELAYS, 60)
    click = random.integers(0, 2, 60)
    rows = columns(age, delay) | {"click": tf.constant(click, tf.float32)}
    x = {name: random.normal(size=60) for name in TOWERS}
    terms = ES_DFM.terms(
        {name: tf.constant(values, tf.float32) for name, values in x.items()},
        targets_of(HEADS, rows),
    )
    f, dp, rn = (sigmoid(x[name]) for name in TOWERS[1:])
    losses, delayed, negative = [], [], []
    for i in np.flatnonzero(click):
        come = delay[i] if delay[i] <= age[i] else np.inf
        samples = [] if age[i] < 1 else [come <= 1]
        samples += [True] if 1 < come < np.inf else []
        if samples:
            losses.append(
                sum(
                    -(1 + dp[i]) * (np.log(f[i]) if label else rn[i] * np.log(1 - f[i]))
                    for label in samples
                )
            )
        if age[i] >= 48:
            delayed.append(-np.log(dp[i] if 1 < come < np.inf else 1 - dp[i]))
            if come > 1:
                negative.append(-np.log(rn[i] if come == np.inf else 1 - rn[i]))
    assert 0 < len(negative) < len(delayed) < len(losses) < click.sum()
    assert list(terms) == ["ctr", "cvr", "cvr_delayed", "cvr_negative"]
    for name, parts in zip(list(terms)[1:], (losses, delayed, negative), strict=True):
        np.testing.assert_allclose(terms[name], np.mean(parts), rtol=1e-5)


@pytest.mark.parametrize("p", [0.2269, 0.04, 0.5])
def test_the_rate_is_where_the_expected_gradient_of_a_stream_vanishes(p, targets_of):
    p_dp, p_rn = nuisances(p)
    q = p / (1 + p_dp)

    def by_hand(x):
        f = sigmoid(x)
        return (1 + p_dp) * (-q * (1 - f) + (1 - q) * p_rn * f)

    assert crossing(by_hand) == pytest.approx(p, rel=1e-4)
    rows = columns(np.full(4, 99.0), DELAYS, np.append(LAW * p, 1 - p))
    slope = slope_of(ES_DFM, targets_of(HEADS, rows), p_dp, p_rn)
    assert crossing(slope) == pytest.approx(p, rel=1e-4)


@pytest.mark.parametrize("p", [0.2269, 0.04, 0.5])
def test_the_same_stream_without_weights_gives_a_rate_that_is_too_low(p, targets_of):
    told = ES_DFM.told("cvr", targets_of(HEADS, columns(np.full(4, 99.0), DELAYS)), 3600)
    early, late = told.early.numpy(), told.late.numpy()
    share = np.append(LAW * p, 1 - p)
    positives, negatives = share @ (early | late), share @ ~early
    assert positives / (positives + negatives) == pytest.approx(p / (1 + nuisances(p)[0]))


@pytest.mark.parametrize("p", [0.2269, 0.04, 0.5])
def test_the_helpers_find_their_rates_among_mature_rows_alone(p, targets_of):
    p_dp, p_rn = nuisances(p)
    # Young rows, of which nobody has bought, are as many again and teach the helpers nothing.
    age, delay = np.repeat([99.0, 2.0], 4), np.tile(DELAYS, 2)
    delay[4:] = NEVER
    targets = targets_of(HEADS, columns(age, delay, np.tile(np.append(LAW * p, 1 - p), 2)))
    for helper, rate in (("cvr_delayed", p_dp), ("cvr_negative", p_rn)):
        slope = slope_of(ES_DFM, targets, 0.5, 0.5, helper, helper)
        assert crossing(slope) == pytest.approx(rate, rel=1e-4)


def test_no_gradient_passes_through_a_weight(targets_of):
    targets = targets_of(HEADS, columns(np.full(4, 99.0), DELAYS))
    for tower, term in (
        ("cvr_delayed", "cvr"), ("cvr_negative", "cvr"),
        ("cvr", "cvr_delayed"), ("cvr", "cvr_negative"),
    ):  # fmt: skip
        assert slope_of(ES_DFM, targets, 0.3, 0.6, tower, term)(0.2) == 0
    assert slope_of(ES_DFM, targets, 0.3, 0.6)(0.2) != 0


def steady(p, days=6):
    """Returns the rows of a click every hour for days, as they are known at their end."""
    age, delay = np.meshgrid(np.arange(days * 24) + 0.5, DELAYS, indexing="ij")
    return columns(age.ravel(), delay.ravel(), np.tile(np.append(LAW * p, 1 - p), days * 24))


@pytest.mark.parametrize("p", [0.2269, 0.04, 0.5])
def test_a_stream_that_has_run_for_long_gives_the_rate_though_conversions_are_to_come(
    p, targets_of
):
    targets = targets_of(HEADS, steady(p))
    complete = EsDfm(HEADS, options.EsDfm(elapsed="1h", stream="4d"))
    assert crossing(slope_of(complete, targets, *nuisances(p))) == pytest.approx(p, rel=1e-4)


@pytest.mark.parametrize("p", [0.2269, 0.04, 0.5])
def test_without_a_beginning_the_odds_lack_what_has_not_come(p, targets_of):
    # Of the 143 rows that were taken, 139 are older than 5 h and 114 older than 30 h.
    odds = p / (1 - p) * (0.5 + 0.3 * 139 / 143 + 0.2 * 114 / 143)
    found = crossing(slope_of(ES_DFM, targets_of(HEADS, steady(p)), *nuisances(p)))
    assert found == pytest.approx(odds / (1 + odds), rel=1e-4)


def test_a_batch_that_nothing_is_known_of_has_terms_of_0(targets_of):
    targets = targets_of(HEADS, columns(np.full(4, 0.5), DELAYS + 1))
    terms = ES_DFM.terms({name: tf.fill([4], 0.3) for name in TOWERS}, targets)
    assert {name: float(terms[name]) for name in TOWERS[1:]} == dict.fromkeys(TOWERS[1:], 0.0)


@pytest.mark.parametrize("x", [-200.0, -40.0, 40.0, 200.0])
def test_terms_and_gradients_are_finite_far_out(x, targets_of):
    targets = targets_of(HEADS, columns(np.full(4, 99.0), DELAYS))
    logits = {name: tf.Variable(tf.fill([4], x)) for name in TOWERS}
    with tf.GradientTape() as tape:
        terms = ES_DFM.terms({name: 1.0 * value for name, value in logits.items()}, targets)
        loss = sum(terms.values())
    assert np.isfinite(np.array(tape.gradient(loss, list(logits.values())))).all()
