import numpy as np
import tensorflow as tf

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


def test_only_heads_with_a_weight_have_weights():
    targets = make_targets(PACKED, NAMES, HEADS)
    assert set(targets.weights) == {"cvr"}
    np.testing.assert_array_equal(targets.weights["cvr"], [2, 3, NAN, 1])


def test_groups_are_there_where_rows_have_them():
    assert make_targets(PACKED, NAMES, HEADS).groups is None
    groups = tf.constant([5, 5, -1, 6], tf.int64)
    assert make_targets(PACKED, NAMES, HEADS, groups).groups is groups
