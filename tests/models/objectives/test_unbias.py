import numpy as np
import tensorflow as tf

from models import options
from models.objectives.clicked_only import ClickedOnly
from models.objectives.unbias import Unbias
from schemas.heads import Head

HEADS = {
    "ctr": Head(label="click"),
    "cvr": Head(label="conversion", given="ctr", weight="pay"),
    "keep": Head(label="kept", given="cvr"),
}
COLUMNS = {
    "click": [0.0, 1.0, 1.0, 1.0],
    "conversion": [0.0, 0.0, 1.0, 1.0],
    "kept": [0.0, 0.0, 1.0, 0.0],
    "pay": [1.0, 1.0, 1.0, 2.0],
}
CTR = np.array([0.5, 0.2, 0.4, 0.001])
X, Z = np.array([0.5, -1.0, 2.0, 0.3]), np.array([0.1, 0.2, -0.3, 0.4])
LOGITS = {
    "ctr": tf.constant(np.log(CTR / (1 - CTR)), tf.float32),
    "cvr": tf.constant(X, tf.float32),
    "keep": tf.constant(Z, tf.float32),
}
METHOD = Unbias(HEADS, options.Unbias(floor=0.05))


def targets(targets_of):
    return targets_of(HEADS, {name: tf.constant(value) for name, value in COLUMNS.items()})


def test_a_clicked_row_weighs_one_over_its_ctr_and_no_more_than_one_over_the_floor(targets_of):
    terms = METHOD.terms(LOGITS, targets(targets_of))
    assert list(terms) == ["ctr", "cvr", "keep"]
    weight = np.array([1 / 0.2, 1 / 0.4, 2 / 0.05])
    loss = np.logaddexp(0, [X[1], -X[2], -X[3]])
    np.testing.assert_allclose(terms["cvr"], (weight * loss).sum() / weight.sum(), rtol=1e-5)


def test_along_a_path_it_is_the_product_of_the_rates(targets_of):
    both = np.maximum(CTR / (1 + np.exp(-X)), 0.05)[2:]
    loss = np.logaddexp(0, [-Z[2], Z[3]])
    terms = METHOD.terms(LOGITS, targets(targets_of))
    np.testing.assert_allclose(terms["keep"], (loss / both).sum() / (1 / both).sum(), rtol=1e-5)


def test_no_loss_of_a_head_reaches_its_parents(targets_of):
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        terms = METHOD.terms(LOGITS, targets(targets_of))
        loss = terms["cvr"] + 2 * terms["keep"]
    gradients = tape.gradient(loss, LOGITS)
    assert gradients["ctr"] is None
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        keep = METHOD.terms(LOGITS, targets(targets_of))["keep"]
    assert tape.gradient(keep, LOGITS)["cvr"] is None


def test_where_every_ctr_is_alike_it_is_base(targets_of):
    logits = {**LOGITS, "ctr": tf.fill([4], -1.3)}
    base = ClickedOnly(HEADS, options.ClickedOnly()).terms(logits, targets(targets_of))
    ours = METHOD.terms(logits, targets(targets_of))
    np.testing.assert_allclose(ours["cvr"], base["cvr"], rtol=1e-6)
    np.testing.assert_allclose(ours["ctr"], base["ctr"], rtol=1e-6)


def test_with_true_ctr_clicks_stand_for_all_impressions(targets_of):
    heads = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
    random = np.random.default_rng(0)
    x = random.normal(size=200_000)
    ctr, cvr = 1 / (1 + np.exp(1 - x)), 1 / (1 + np.exp(1 - x))
    click = random.random(x.size) < ctr
    conversion = click & (random.random(x.size) < cvr)
    columns = {"click": tf.constant(click, tf.float32), "conversion": tf.constant(conversion)}
    logits = {"ctr": tf.constant(x - 1, tf.float32), "cvr": tf.constant(x, tf.float32)}
    everywhere = np.mean(cvr * np.logaddexp(0, -x) + (1 - cvr) * np.logaddexp(0, x))
    truth = targets_of(heads, columns)
    ours = Unbias(heads, options.Unbias(floor=1e-6)).terms(logits, truth)["cvr"]
    base = ClickedOnly(heads, options.ClickedOnly()).terms(logits, truth)["cvr"]
    assert abs(float(ours) - everywhere) < 0.01 < abs(float(base) - everywhere) / 5
