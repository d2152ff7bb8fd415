import numpy as np
import tensorflow as tf

from models import options
from models.objectives.clicked_only import ClickedOnly
from models.objectives.oversampling import Oversampling
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr", weight="pay")}
COLUMNS = {
    "click": [0.0, 1.0, 1.0, 1.0, float("nan")],
    "conversion": [1.0, 0.0, 1.0, float("nan"), 1.0],
    "pay": [1.0, 2.0, 0.5, 1.0, 1.0],
}
X = [0.5, -1.0, 2.0, 0.3, -0.6]


def terms(method, targets_of, times=(1, 1, 1, 1, 1)):
    repeated = {name: tf.constant(np.repeat(v, times), tf.float32) for name, v in COLUMNS.items()}
    logits = {name: tf.constant(np.repeat(X, times), tf.float32) for name in HEADS}
    return method.terms(logits, targets_of(HEADS, repeated))


def test_a_clicked_positive_counts_as_if_it_were_there_so_many_times(targets_of):
    ours = terms(Oversampling(HEADS, options.Oversampling(copies=5)), targets_of)
    base = terms(ClickedOnly(HEADS, options.ClickedOnly()), targets_of, (1, 1, 5, 1, 1))
    np.testing.assert_allclose(ours["cvr"], base["cvr"], rtol=1e-6)
    expected = (2 * np.log1p(np.exp(-1)) + 2.5 * np.log1p(np.exp(-2))) / 4.5
    np.testing.assert_allclose(ours["cvr"], expected, rtol=1e-6)


def test_one_copy_is_base_and_ctr_is_never_copied(targets_of):
    base = terms(ClickedOnly(HEADS, options.ClickedOnly()), targets_of)
    for copies in (1, 7):
        ours = terms(Oversampling(HEADS, options.Oversampling(copies=copies)), targets_of)
        assert list(ours) == ["ctr", "cvr"]
        np.testing.assert_allclose(ours["ctr"], base["ctr"], rtol=1e-6)
        assert np.isclose(ours["cvr"], base["cvr"], rtol=1e-6) == (copies == 1)


def test_the_odds_that_are_learnt_are_so_many_times_the_true_ones(targets_of):
    columns = {"click": [1.0] * 4, "conversion": [1.0, 0.0, 0.0, 0.0], "pay": [1.0] * 4}
    targets = targets_of(HEADS, {name: tf.constant(value) for name, value in columns.items()})
    x = tf.constant(np.log(6 / 3), tf.float32)  # 6 copies of one against three
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = {"ctr": tf.zeros([4]), "cvr": tf.fill([4], x)}
        loss = Oversampling(HEADS, options.Oversampling(copies=6)).terms(logits, targets)["cvr"]
    np.testing.assert_allclose(tape.gradient(loss, x), 0, atol=1e-7)
