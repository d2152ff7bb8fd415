import numpy as np
import tensorflow as tf

from models.scales import Scales


def test_without_labels_a_scale_changes_nothing():
    scales = Scales(["worth"])
    logits = {"worth": tf.constant([2.0]), "ctr": tf.constant([3.0])}
    assert {name: float(x[0]) for name, x in scales.restore(logits).items()} == {
        "worth": 2.0, "ctr": 3.0
    }  # fmt: skip


def test_a_scale_is_mean_and_deviation_of_the_labels_it_was_given():
    scales = Scales(["worth"])
    parts = [np.array([1.0, 3.0]), np.array([5.0, 7.0])]
    scales.fit({"worth": parts})
    assert float(scales.means["worth"]) == 4.0
    np.testing.assert_allclose(scales.deviations["worth"], np.std([1, 3, 5, 7]), rtol=1e-6)


def test_restoring_undoes_standardising_and_other_heads_are_left_alone():
    scales = Scales(["worth"])
    scales.set("worth", 10.0, 4.0)
    labels = {"worth": tf.constant([2.0, 18.0]), "ctr": tf.constant([0.0, 1.0])}
    standard = scales.standardise(labels)
    np.testing.assert_array_equal(standard["worth"], [-2.0, 2.0])
    np.testing.assert_array_equal(standard["ctr"], labels["ctr"])
    np.testing.assert_array_equal(scales.restore(standard)["worth"], labels["worth"])


def test_a_label_that_never_varies_keeps_the_deviation_one():
    scales = Scales(["worth"])
    scales.fit({"worth": [np.full(3, 5.0)]})
    assert (float(scales.means["worth"]), float(scales.deviations["worth"])) == (5.0, 1.0)


def test_no_labels_leave_a_scale_as_it_is():
    scales = Scales(["worth"])
    scales.fit({"worth": [np.empty(0)]})
    assert (float(scales.means["worth"]), float(scales.deviations["worth"])) == (0.0, 1.0)
