import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibrators.logit_tally import LogitTally, calibration, log_loss, rates


def tally_of(logit, label, weight=1.0):
    tally = LogitTally()
    tally.add(logit, label, weight)
    return tally


def test_rows_of_one_bin_are_known_by_the_mean_of_their_logits():
    tally = tally_of([0.501, -3.0, 0.499, 0.5], [1, 0, 0, 0])
    logit, weight, positives = tally.bins()
    np.testing.assert_allclose(logit, [-3.0, 0.5])
    np.testing.assert_array_equal(weight, [1, 3])
    np.testing.assert_array_equal(positives, [0, 1])
    np.testing.assert_array_equal(tally.rows, [3, 1])


def test_rows_without_a_label_or_a_weight_are_left_out():
    nan = float("nan")
    tally = tally_of([1.0, 2.0, 3.0, 4.0, nan], [nan, 0, 1, 1, 1], [1, 1, 0, nan, 1])
    np.testing.assert_array_equal(tally.rows, [1, 0])
    assert tally.bins().logit == [2.0]


def test_logits_beyond_20_count_as_20():
    tally = tally_of([-np.inf, -55.0, 21.0, np.inf], [0, 0, 1, 1])
    np.testing.assert_array_equal(tally.bins().logit, [-20.0, 20.0])


def test_weights_are_scaled_to_add_up_to_the_rows():
    bins = tally_of([0.0, 0.0, 1.0], [1, 0, 1], [1.0, 5.0, 2.0]).bins()
    np.testing.assert_allclose(bins.weight, [6 * 3 / 8, 2 * 3 / 8])
    np.testing.assert_allclose(bins.positives, [1 * 3 / 8, 2 * 3 / 8])


rows = st.lists(
    st.tuples(st.floats(-25, 25), st.integers(0, 1), st.sampled_from([0.5, 1.0, 2.0])), max_size=30
)


@given(rows, rows)
def test_tallies_of_parts_merge_into_that_of_the_whole(one, other):
    def tally(part):
        return tally_of(*np.array(part, np.float64).reshape(-1, 3).T)

    merged, whole = tally(one), tally(one + other)
    merged.merge(tally(other))
    np.testing.assert_array_equal(merged.rows, whole.rows)
    if len(one + other):
        for found, expected in zip(merged.bins(), whole.bins(), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_log_loss_and_calibration_are_those_of_the_rows():
    random = np.random.default_rng(0)
    logit = random.normal(-2, 2, 5000)
    label = random.random(5000) < rates(logit)
    weight = random.uniform(0.5, 2, 5000)
    p = 1 / (1 + np.exp(-logit))
    nats = -np.where(label, np.log(p), np.log(1 - p))
    bins = tally_of(logit, label, weight).bins()
    assert log_loss(bins, bins.logit) == pytest.approx(np.average(nats, weights=weight), rel=1e-4)
    assert calibration(bins, bins.logit) == pytest.approx(
        (weight * p).sum() / (weight * label).sum(), rel=1e-5
    )


def test_a_rate_neither_overflows_nor_rounds_to_zero():
    with np.errstate(all="raise"):
        found = rates(np.array([-700.0, 0.0, 700.0]))
    np.testing.assert_allclose(found, [np.exp(-700), 0.5, 1], rtol=1e-12)
