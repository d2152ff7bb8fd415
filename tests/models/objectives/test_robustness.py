"""What every objective that needs no more than labels keeps, whatever a batch holds."""

import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.objectives import OBJECTIVES
from schemas.heads import Head

NAN = float("nan")
HEADS = {
    "ctr": Head(label="click", mask="shown"),
    "cvr": Head(label="conversion", given="ctr", weight="pay"),
    "keep": Head(label="kept", given="cvr"),
    "cart": Head(label="carted", given="ctr"),
    "buy": Head(label="bought", given="ctr", through="cart"),
    "spend": Head(label="price", given="cvr", kind="value"),
}
LABELS = ("click", "conversion", "kept", "carted", "bought", "price")
METHODS = [
    options.EntireSpace(),
    options.ClickedOnly(),
    options.Division(),
    options.Aman(),
    options.Oversampling(),
    options.Unbias(),
    options.InversePropensity(),
    options.DoublyRobust(),
    options.Independent(),
    options.WeightedSample(),
    options.WeightedSample(copies=True),
]


def learn(chosen, logits, columns, targets_of):
    """Returns the terms and the gradient of their sum for each tower."""
    method = OBJECTIVES[chosen.kind](HEADS, chosen)
    towers = {name: tf.constant(logits, tf.float32) for name in method.towers()}
    with tf.GradientTape() as tape:
        tape.watch(towers)
        terms = method.terms(towers, targets_of(HEADS, columns))
        loss = tf.add_n(list(terms.values()))
    none = tf.UnconnectedGradients.ZERO
    return terms, tape.gradient(loss, towers, unconnected_gradients=none)


def columns(rows, **given):
    found = {label: tf.zeros([rows]) for label in LABELS}
    found |= {"shown": tf.ones([rows]), "pay": tf.ones([rows])}
    return {**found, **{name: tf.constant(value) for name, value in given.items()}}


@pytest.mark.parametrize("chosen", METHODS, ids=str)
def test_a_batch_of_which_nothing_is_known_costs_nothing_and_teaches_nothing(chosen, targets_of):
    nothing = columns(3, **{label: [NAN] * 3 for label in LABELS}, pay=[NAN] * 3)
    terms, gradients = learn(chosen, [0.3, -2.0, 1.0], nothing, targets_of)
    assert [float(term) for term in terms.values()] == [0.0] * len(terms)
    for gradient in gradients.values():
        assert np.asarray(gradient).tolist() == [0, 0, 0]


@pytest.mark.parametrize("chosen", METHODS, ids=str)
def test_gradients_are_finite_at_every_size_of_logit_and_with_labels_missing(chosen, targets_of):
    sizes = np.repeat([-40.0, -10.0, 0.0, 10.0, 40.0], 8)
    some = {
        "click": np.tile([0, 1, 1, 1, NAN, 1, 0, 1], 5),
        "conversion": np.tile([0, 0, 1, NAN, 1, 1, NAN, 1], 5),
        "kept": np.tile([0, 0, 1, NAN, 1, 0, NAN, NAN], 5),
        "carted": np.tile([0, 1, 1, NAN, 1, 0, NAN, 0], 5),
        "bought": np.tile([0, 0, 1, NAN, 1, 1, NAN, 0], 5),
        "shown": np.tile([1, 1, 1, 1, 1, 0, 1, 1], 5),
        "pay": np.tile([1, 2, NAN, 1, 1, 1, 1, 3], 5),
    }
    terms, gradients = learn(
        chosen, sizes, columns(40, **{k: v.astype("float32") for k, v in some.items()}), targets_of
    )
    assert np.isfinite([float(term) for term in terms.values()]).all()
    for name, gradient in gradients.items():
        assert np.isfinite(gradient).all(), name
    assert any(np.abs(gradient).max() > 0 for gradient in gradients.values())


@pytest.mark.parametrize("chosen", METHODS, ids=str)
def test_rows_without_a_click_cost_a_head_that_only_clicks_teach_nothing(chosen, targets_of):
    terms, _ = learn(chosen, [0.3, -2.0, 1.0], columns(3), targets_of)
    everywhere = chosen.kind in ("aman", "independent", "doubly_robust")
    if "cvr" in terms:
        assert (float(terms["cvr"]) == 0) is not everywhere


@pytest.mark.parametrize("chosen", METHODS, ids=str)
def test_every_head_is_answered_in_order(chosen):
    method = OBJECTIVES[chosen.kind](HEADS, chosen)
    towers = {name: tf.constant([40.0, -40.0]) for name in method.towers()}
    found = method.head_logits(towers)
    assert list(found) == list(HEADS)
    for logit in found.values():
        assert np.isfinite(logit).all()
