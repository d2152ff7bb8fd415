import numpy as np
import tensorflow as tf

from models import options
from models.objectives.entire_space import EntireSpace
from models.targets import make_targets
from schemas.heads import Head

NAN = float("nan")
HEADS = {
    "ctr": Head(label="click"),
    "cvr": Head(label="conversion", given="ctr", mask="conversion_mature", weight="worth"),
}
NAMES = ("click", "conversion", "conversion_mature", "worth")
PACKED = tf.constant([[1, 1, 1, 2], [1, 0, 0, 3], [0, 0, NAN, NAN], [NAN, 1, 1, 1]], tf.float32)


def test_each_head_has_the_column_of_its_label():
    targets = make_targets(PACKED, NAMES, HEADS)
    np.testing.assert_array_equal(targets.labels["ctr"], [1, 1, 0, NAN])


def test_a_label_is_known_only_where_its_mask_is_one():
    targets = make_targets(PACKED, NAMES, HEADS)
    np.testing.assert_array_equal(targets.labels["cvr"], [1, NAN, NAN, 1])
    np.testing.assert_array_equal(targets.columns["conversion"], [1, 0, 0, 1])  # as it came


def test_only_heads_with_a_weight_or_a_mask_have_weights_and_masked_rows_weigh_nothing():
    targets = make_targets(PACKED, NAMES, HEADS)
    assert set(targets.weights) == {"cvr"}
    np.testing.assert_array_equal(targets.weights["cvr"], [2, 0, NAN, 1])


def test_groups_are_there_where_rows_have_them():
    assert make_targets(PACKED, NAMES, HEADS).groups is None
    groups = tf.constant([5, 5, -1, 6], tf.int64)
    assert make_targets(PACKED, NAMES, HEADS, groups).groups is groups


def test_a_masked_row_counts_for_nothing_in_a_joint_with_a_click_or_without():
    heads = {
        "ctr": Head(label="click"),
        "cvr": Head(label="conversion", given="ctr", mask="mature"),
        "keep": Head(label="kept", given="cvr"),
    }
    names = ("click", "conversion", "kept", "mature")
    packed = tf.constant([[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], tf.float32)
    targets = make_targets(packed, names, heads)
    for name in ("cvr", "keep"):
        np.testing.assert_array_equal(targets.weights[name], [1, 0, 1, 0])
    logits = {name: tf.constant([0.3, -0.2, 0.5, 0.1]) for name in heads}
    terms = EntireSpace(heads, options.EntireSpace()).terms(logits, targets)
    kept = make_targets(tf.gather(packed, [0, 2]), names, heads)
    some = {name: tf.gather(logit, [0, 2]) for name, logit in logits.items()}
    expected = EntireSpace(heads, options.EntireSpace()).terms(some, kept)
    for name in ("ctcvr", "ctcvkeep"):
        np.testing.assert_allclose(terms[name], expected[name], rtol=1e-6)
