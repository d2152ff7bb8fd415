import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models.probabilities import answers, log_joint, log_not_joint
from schemas.heads import Head

LOGIT = st.floats(-40, 40, width=32)


def log_sigmoid(x):
    return -np.logaddexp(0.0, -x)


def log1mexp(x):
    """Returns log(1 - e^x) for x < 0, in whichever form keeps its digits."""
    return np.log1p(-np.exp(x)) if x < -np.log(2) else np.log(-np.expm1(x))


@settings(max_examples=200, deadline=None)
@given(st.lists(LOGIT, min_size=1, max_size=4))
def test_float32_logs_equal_float64_logs_for_any_chain(logits):
    log_p = log_sigmoid(np.array(logits, np.float64)).sum()
    tensors = [tf.constant([logit], tf.float32) for logit in logits]
    np.testing.assert_allclose(log_joint(tensors)[0], log_p, rtol=2e-6, atol=1e-30)
    np.testing.assert_allclose(log_not_joint(tensors)[0], log1mexp(log_p), rtol=2e-6, atol=2e-7)


def test_the_two_head_case_is_the_closed_form():
    a, b = np.meshgrid(np.linspace(-40, 40, 41), np.linspace(-40, 40, 41))
    a, b = a.ravel(), b.ravel()
    closed = np.logaddexp(np.logaddexp(-a, -b), -a - b) - np.logaddexp(0, -a) - np.logaddexp(0, -b)
    ours = log_not_joint([tf.constant(a, tf.float32), tf.constant(b, tf.float32)])
    np.testing.assert_allclose(ours, closed, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [200.0, 1e4])
def test_logits_far_beyond_float32_exponents_still_give_finite_gradients(size):
    for signs in [(1, 1), (1, -1), (-1, 1), (-1, -1)]:
        a, b = (tf.constant([sign * size]) for sign in signs)
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            loss = log_joint([a, b]) + log_not_joint([a, b])
        assert np.isfinite(loss).all()
        assert np.isfinite(tape.gradient(loss, [a, b])).all()


def test_every_output_of_a_chain_and_a_branch_is_answered():
    heads = {
        "ctr": Head(label="click"),
        "cvr": Head(label="conversion", given="ctr"),
        "rr": Head(label="refund", given="cvr", joint="ctcvrr"),
        "lr": Head(label="like"),
    }
    logits = {name: tf.constant([x]) for name, x in zip(heads, [0.5, -1.0, 2.0, -3.0], strict=True)}
    ctr, cvr, rr, lr = (1 / (1 + np.exp(-x)) for x in (0.5, -1.0, 2.0, -3.0))
    expected = {
        "ctr": ctr, "cvr": cvr, "rr": rr, "lr": lr, "ctcvr": ctr * cvr, "ctcvrr": ctr * cvr * rr,
    }  # fmt: skip
    found = answers(logits, heads)
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], [value], rtol=1e-6)


@settings(max_examples=100, deadline=None)
@given(LOGIT, LOGIT)
def test_ctcvr_is_ctr_times_cvr_and_never_above_ctr(a, b):
    heads = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
    found = answers({"ctr": tf.constant([a]), "cvr": tf.constant([b])}, heads)
    ctr, cvr, ctcvr = (found[name].numpy()[0] for name in ("ctr", "cvr", "ctcvr"))
    assert 0 <= ctcvr <= ctr <= 1
    assert 0 <= cvr <= 1
    np.testing.assert_allclose(ctcvr, np.float64(ctr) * cvr, rtol=1e-5, atol=1e-37)
