import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.objectives.doubly_robust import DoublyRobust
from models.objectives.entire_space import EntireSpace
from models.objectives.inverse_propensity import InversePropensity
from schemas.heads import Head

NAN = float("nan")
HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr", weight="pay")}
COLUMNS = {
    "click": [0.0, 1.0, 1.0, 1.0, 1.0, NAN],
    "conversion": [0.0, 0.0, 1.0, 0.0, NAN, 0.0],
    "pay": [1.0, 1.0, 2.0, 1.0, 1.0, 1.0],
}
CTR = np.array([0.5, 0.2, 0.4, 0.001, 0.3, 0.6])
X = np.array([0.5, -1.0, 2.0, 0.3, -0.6, 1.0])
S = np.array([0.3, 0.1, 0.7, 0.2, 0.5, 0.9])
LOGITS = {
    "ctr": tf.constant(np.log(CTR / (1 - CTR)), tf.float32),
    "cvr": tf.constant(X, tf.float32),
    "cvr_imputation": tf.constant(np.log(S / (1 - S)), tf.float32),
}
METHOD = DoublyRobust(HEADS, options.DoublyRobust(floor=0.05))
# By hand, of the four rows that are known.
Y, KNOWN = np.array([0, 0, 1, 0]), slice(0, 4)
WEIGHT = np.array([1, 1, 2, 1])
INVERSE = np.array([0, 1 / 0.2, 1 / 0.4, 1 / 0.05])  # 0 where there is no click
R = 1 / (1 + np.exp(-X[KNOWN]))
LOSS = -Y * np.log(R) - (1 - Y) * np.log(1 - R)
IMPUTED = -S[KNOWN] * np.log(R) - (1 - S[KNOWN]) * np.log(1 - R)


def targets(targets_of):
    return targets_of(HEADS, {name: tf.constant(value) for name, value in COLUMNS.items()})


def gradients(targets_of, term):
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        loss = METHOD.terms(LOGITS, targets(targets_of))[term]
    return tape.gradient(loss, LOGITS)


def test_a_head_with_a_parent_has_an_imputing_tower():
    assert METHOD.towers() == ("ctr", "cvr", "cvr_imputation")
    assert METHOD.exposed() == ("ctr",)
    assert list(METHOD.head_logits(LOGITS)) == ["ctr", "cvr"]


def test_its_terms_are_those_of_esmm_the_corrected_loss_and_what_was_missed(targets_of):
    terms = METHOD.terms(LOGITS, targets(targets_of))
    esmm = EntireSpace(HEADS, options.EntireSpace()).terms(LOGITS, targets(targets_of))
    assert list(terms) == ["ctr", "ctcvr", "cvr", "cvr_error"]
    for name, value in esmm.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-6)
    corrected = IMPUTED + INVERSE * (LOSS - IMPUTED)
    np.testing.assert_allclose(terms["cvr"], (WEIGHT * corrected).sum() / 5, rtol=1e-5)
    missed = INVERSE * (LOSS - IMPUTED) ** 2
    np.testing.assert_allclose(terms["cvr_error"], (WEIGHT * missed).sum() / 5, rtol=1e-5)


def test_the_terms_it_adds_are_those_that_the_options_tell_without_tensorflow(targets_of):
    terms = METHOD.terms(LOGITS, targets(targets_of))
    assert set(terms) - {"ctr", "cvr", "ctcvr"} == set(METHOD.options.added_terms(HEADS))


def test_the_corrected_loss_teaches_cvr_alone_and_unclicked_rows_teach_it_too(targets_of):
    found = gradients(targets_of, "cvr")
    assert found["ctr"] is None and found["cvr_imputation"] is None
    expected = WEIGHT * ((R - S[KNOWN]) + INVERSE * (S[KNOWN] - Y)) / 5
    np.testing.assert_allclose(found["cvr"], [*expected, 0, 0], rtol=1e-4, atol=1e-7)
    assert expected[0] != 0


def test_what_was_missed_teaches_the_imputing_tower_alone(targets_of):
    found = gradients(targets_of, "cvr_error")
    assert found["ctr"] is None and found["cvr"] is None
    # d - dhat = (s - y) x, where x is the logit of cvr
    slope = 2 * (S[KNOWN] - Y) * X[KNOWN] ** 2 * S[KNOWN] * (1 - S[KNOWN])
    np.testing.assert_allclose(
        found["cvr_imputation"], [*(WEIGHT * INVERSE * slope / 5), 0, 0], rtol=1e-4, atol=1e-7
    )


def test_the_imputing_tower_comes_to_rest_at_the_rate(targets_of):
    heads = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
    columns = {"click": tf.ones([4]), "conversion": tf.constant([1.0, 0.0, 0.0, 0.0])}
    x = tf.constant(np.log(1 / 3), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = {"ctr": tf.zeros([4]), "cvr": tf.fill([4], 0.7), "cvr_imputation": tf.fill([4], x)}
        loss = DoublyRobust(heads, options.DoublyRobust()).terms(logits, targets_of(heads, columns))
        error = loss["cvr_error"]
    np.testing.assert_allclose(tape.gradient(error, x), 0, atol=1e-7)


def test_the_loss_does_not_grow_with_the_batch(targets_of):
    tripled = {name: tf.tile(logit, [3]) for name, logit in LOGITS.items()}
    many = targets_of(HEADS, {name: tf.constant(value * 3) for name, value in COLUMNS.items()})
    thrice, once = METHOD.terms(tripled, many), METHOD.terms(LOGITS, targets(targets_of))
    for name in ("cvr", "cvr_error"):
        np.testing.assert_allclose(thrice[name], once[name], rtol=1e-6)


def simulated(targets_of, method, ctr, imputation):
    """Returns the errors of 300 estimates of the mean loss over all impressions.

    Args:
        targets_of: the fixture.
        method: the objective class, with its options.
        ctr: whether the propensity is the true one, or 1/2.
        imputation: likewise the rate that is imputed, or 9/10.
    """
    heads = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
    random = np.random.default_rng(2)
    x = random.normal(size=300)
    a, b = x - 1, 0.5 * x + 0.3
    o, r = 1 / (1 + np.exp(-a)), 1 / (1 + np.exp(-x))
    everywhere = np.mean(r * np.logaddexp(0, -b) + (1 - r) * np.logaddexp(0, b))
    logits = {
        "ctr": tf.constant(a if ctr else 0 * a, tf.float32),
        "cvr": tf.constant(b, tf.float32),
        "cvr_imputation": tf.constant(x if imputation else 0 * x + np.log(9), tf.float32),
    }
    clicks = random.random((300, 300)) < o
    conversions = clicks & (random.random((300, 300)) < r)
    draws = np.stack([clicks, conversions], axis=2).astype("float32")

    @tf.function
    def estimate(labels):
        columns = dict(zip(("click", "conversion"), tf.unstack(labels, axis=1), strict=True))
        return method(heads).terms(logits, targets_of(heads, columns))["cvr"]

    return np.array([float(estimate(tf.constant(labels))) for labels in draws]) - everywhere


@pytest.mark.parametrize(
    ("ctr", "imputation", "unbiased"),
    [(True, True, True), (True, False, True), (False, True, True), (False, False, False)],
)
def test_it_is_unbiased_if_either_nuisance_is_right(targets_of, ctr, imputation, unbiased):
    errors = simulated(
        targets_of, lambda heads: DoublyRobust(heads, options.DoublyRobust(floor=1e-6)), ctr,
        imputation,
    )  # fmt: skip
    z = errors.mean() / (errors.std(ddof=1) / np.sqrt(len(errors)))
    assert abs(z) < 3 if unbiased else abs(z) > 20


def test_it_varies_less_than_inverse_propensity_where_both_are_right(targets_of):
    ours = simulated(
        targets_of, lambda heads: DoublyRobust(heads, options.DoublyRobust(floor=1e-6)), True, True
    )
    ips = simulated(
        targets_of,
        lambda heads: InversePropensity(heads, options.InversePropensity(floor=1e-6)),
        True,
        True,
    )
    assert ours.std() < 0.7 * ips.std()
