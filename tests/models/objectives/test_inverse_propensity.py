import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.objectives.entire_space import EntireSpace
from models.objectives.inverse_propensity import InversePropensity
from schemas.heads import Head

NAN = float("nan")
HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr", weight="pay")}
COLUMNS = {
    "click": [0.0, 1.0, 1.0, 1.0, 1.0, NAN],
    "conversion": [0.0, 0.0, 1.0, 0.0, NAN, 0.0],
    "pay": [1.0] * 6,
}
CTR = np.array([0.5, 0.2, 0.4, 0.001, 0.3, 0.6])
X = np.array([0.5, -1.0, 2.0, 0.3, -0.6, 1.0])
LOGITS = {
    "ctr": tf.constant(np.log(CTR / (1 - CTR)), tf.float32),
    "cvr": tf.constant(X, tf.float32),
}
METHOD = InversePropensity(HEADS, options.InversePropensity(floor=0.05))


def targets(targets_of, times=(1,) * 6, **columns):
    values = {**COLUMNS, **columns}
    return targets_of(
        HEADS, {name: tf.constant(np.repeat(v, times), tf.float32) for name, v in values.items()}
    )


def test_its_terms_are_those_of_esmm_and_clicks_over_their_propensity(targets_of):
    terms = METHOD.terms(LOGITS, targets(targets_of))
    esmm = EntireSpace(HEADS, options.EntireSpace()).terms(LOGITS, targets(targets_of))
    assert list(terms) == ["ctr", "ctcvr", "cvr"]
    for name, value in esmm.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-6)
    clicked = np.logaddexp(0, [X[1], -X[2], X[3]]) / [0.2, 0.4, 0.05]
    np.testing.assert_allclose(terms["cvr"], clicked.sum() / 4, rtol=1e-5)


def test_a_weight_is_so_many_rows(targets_of):
    times = np.array([2, 3, 1, 4, 1, 1])
    repeated = {name: tf.repeat(logit, times) for name, logit in LOGITS.items()}
    weighted = METHOD.terms(LOGITS, targets(targets_of, pay=times))["cvr"]
    np.testing.assert_allclose(
        weighted, METHOD.terms(repeated, targets(targets_of, times))["cvr"], rtol=1e-6
    )


def test_the_loss_does_not_grow_with_the_batch(targets_of):
    tripled = {name: tf.tile(logit, [3]) for name, logit in LOGITS.items()}
    many = {name: value * 3 for name, value in COLUMNS.items()}
    thrice = METHOD.terms(tripled, targets(targets_of, (1,) * 18, **many))
    once = METHOD.terms(LOGITS, targets(targets_of))
    np.testing.assert_allclose(thrice["cvr"], once["cvr"], rtol=1e-6)


def test_cvr_does_not_teach_ctr_and_is_taught_by_clicks_alone(targets_of):
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        loss = METHOD.terms(LOGITS, targets(targets_of))["cvr"]
    gradients = tape.gradient(loss, LOGITS)
    assert gradients["ctr"] is None
    r = 1 / (1 + np.exp(-X))
    expected = (r - [0, 0, 1, 0, 0, 0]) * [0, 1 / 0.2, 1 / 0.4, 1 / 0.05, 0, 0] / 4
    np.testing.assert_allclose(gradients["cvr"], expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("true", [True, False])
def test_with_the_true_propensity_it_is_unbiased(targets_of, true):
    heads = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
    random = np.random.default_rng(1)
    x = random.normal(size=300)
    a, b = x - 1, 0.5 * x + 0.3
    o, r = 1 / (1 + np.exp(-a)), 1 / (1 + np.exp(-x))
    everywhere = np.mean(r * np.logaddexp(0, -b) + (1 - r) * np.logaddexp(0, b))
    logits = {
        "ctr": tf.constant(a if true else 0 * a, tf.float32),
        "cvr": tf.constant(b, tf.float32),
    }
    method = InversePropensity(heads, options.InversePropensity(floor=1e-6))
    clicks = random.random((300, 300)) < o
    conversions = clicks & (random.random((300, 300)) < r)
    draws = np.stack([clicks, conversions], axis=2).astype("float32")

    @tf.function
    def estimate(labels):
        columns = dict(zip(("click", "conversion"), tf.unstack(labels, axis=1), strict=True))
        return method.terms(logits, targets_of(heads, columns))["cvr"]

    found = [float(estimate(tf.constant(labels))) for labels in draws]
    error = (np.mean(found) - everywhere) / (np.std(found, ddof=1) / np.sqrt(300))
    assert abs(error) < 3 if true else abs(error) > 20
