import numpy as np
import tensorflow as tf

from models import options
from models.objectives.clicked_only import ClickedOnly
from schemas.heads import Head

HEADS = {
    "ctr": Head(label="click"),
    "cvr": Head(label="conversion", given="ctr"),
    "keep": Head(label="kept", given="cvr"),
}
BASE = ClickedOnly(HEADS, options.ClickedOnly())
LOGITS = {name: tf.constant([0.5, -1.0, 2.0, 0.0]) for name in HEADS}
LABELS = {
    "click": tf.constant([0.0, 1.0, 1.0, float("nan")]),
    "conversion": tf.constant([0.0, 0.0, 1.0, 1.0]),
    "kept": tf.constant([0.0, 0.0, 0.0, 1.0]),
}


def test_each_head_is_learnt_over_its_own_population(targets_of):
    terms = BASE.terms(LOGITS, targets_of(HEADS, LABELS))
    softplus = np.log1p(np.exp([0.5, -1.0, 2.0])), np.log1p(np.exp([-0.5, 1.0, -2.0]))
    assert list(terms) == ["ctr", "cvr", "keep"]
    np.testing.assert_allclose(
        terms["ctr"], (softplus[0][0] + softplus[1][1] + softplus[1][2]) / 3, rtol=1e-6
    )
    np.testing.assert_allclose(terms["cvr"], (softplus[0][1] + softplus[1][2]) / 2, rtol=1e-6)
    np.testing.assert_allclose(terms["keep"], softplus[0][2], rtol=1e-6)


def test_impressions_without_a_click_teach_cvr_nothing(targets_of):
    with tf.GradientTape() as tape:
        tape.watch(LOGITS["cvr"])
        loss = tf.add_n(list(BASE.terms(LOGITS, targets_of(HEADS, LABELS)).values()))
    gradient = tape.gradient(loss, LOGITS["cvr"]).numpy()
    assert gradient[[0, 3]].tolist() == [0, 0]
    assert (gradient[[1, 2]] != 0).all()


def test_a_batch_without_a_click_costs_cvr_nothing(targets_of):
    labels = {name: tf.zeros([4]) for name in LABELS}
    terms = BASE.terms(LOGITS, targets_of(HEADS, labels))
    assert (float(terms["cvr"]), float(terms["keep"])) == (0, 0)
    assert float(terms["ctr"]) > 0
