import itertools

import numpy as np
import tensorflow as tf

from models import options
from models.objectives.aman import Aman
from models.objectives.clicked_only import ClickedOnly
from schemas.heads import Head

NAN = float("nan")
HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr", weight="pay")}
X = np.array([0.5, -1.0, 2.0, 0.3, -0.6, 1.0])
LOGITS = {name: tf.constant(X, tf.float32) for name in HEADS}
COLUMNS = {
    "click": [0.0, 1.0, 1.0, 0.0, 0.0, NAN],
    "conversion": [0.0, 0.0, 1.0, 0.0, NAN, 0.0],
    "pay": [1.0] * 6,
}
NEGATIVE, POSITIVE = np.logaddexp(0, X), np.logaddexp(0, -X)


def terms(targets_of, share, **columns):
    values = {name: tf.constant(value) for name, value in {**COLUMNS, **columns}.items()}
    return Aman(HEADS, options.Aman(share=share)).terms(LOGITS, targets_of(HEADS, values))


def test_unclicked_rows_are_negatives_that_weigh_the_share(targets_of):
    found = terms(targets_of, "20%")
    assert list(found) == ["ctr", "cvr"]
    unclicked = NEGATIVE[0] + NEGATIVE[3] + NEGATIVE[4]
    expected = (NEGATIVE[1] + POSITIVE[2] + 0.2 * unclicked) / (2 + 0.2 * 3)
    np.testing.assert_allclose(found["cvr"], expected, rtol=1e-6)


def test_ctr_is_learnt_as_ever(targets_of):
    expected = (NEGATIVE[[0, 3, 4]].sum() + POSITIVE[[1, 2]].sum()) / 5
    np.testing.assert_allclose(terms(targets_of, "20%")["ctr"], expected, rtol=1e-6)


def test_weights_multiply_the_share(targets_of):
    found = terms(targets_of, "50%", pay=[2.0, 3.0, 1.0, 4.0, NAN, 9.0])
    expected = (3 * NEGATIVE[1] + POSITIVE[2] + 0.5 * (2 * NEGATIVE[0] + 4 * NEGATIVE[3])) / 7
    np.testing.assert_allclose(found["cvr"], expected, rtol=1e-6)


def test_of_all_impressions_cvr_learns_the_rate_of_both_events(targets_of):
    known = NEGATIVE[[0, 1, 3, 4]].sum() + POSITIVE[2]
    np.testing.assert_allclose(terms(targets_of, "100%")["cvr"], known / 5, rtol=1e-6)


def test_of_nearly_no_unclicked_impressions_it_is_base(targets_of):
    values = {name: tf.constant(value) for name, value in COLUMNS.items()}
    base = ClickedOnly(HEADS, options.ClickedOnly()).terms(LOGITS, targets_of(HEADS, values))
    np.testing.assert_allclose(terms(targets_of, "0.00001%")["cvr"], base["cvr"], rtol=1e-5)


def test_the_weighted_sum_is_the_mean_over_all_draws_of_unclicked_rows():
    share, unclicked = 0.2, NEGATIVE[[0, 3, 4]]
    mean = sum(
        (unclicked * drawn).sum() * np.prod(np.where(drawn, share, 1 - share))
        for drawn in map(np.array, itertools.product([0, 1], repeat=3))
    )
    np.testing.assert_allclose(mean, share * unclicked.sum(), rtol=1e-12)


def test_without_the_whole_path_a_row_is_a_negative(targets_of):
    heads = {**HEADS, "keep": Head(label="kept", given="cvr")}
    columns = {"click": [1.0, 1.0], "conversion": [1.0, 0.0], "kept": [1.0, 1.0], "pay": [1.0, 1.0]}
    targets = targets_of(heads, {name: tf.constant(value) for name, value in columns.items()})
    logits = {name: tf.constant([0.5, -1.0]) for name in heads}
    found = Aman(heads, options.Aman(share="50%")).terms(logits, targets)
    expected = (POSITIVE[0] + 0.5 * NEGATIVE[1]) / 1.5
    np.testing.assert_allclose(found["keep"], expected, rtol=1e-6)
