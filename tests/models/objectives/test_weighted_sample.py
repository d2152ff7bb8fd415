import numpy as np
import tensorflow as tf

from models import options
from models.objectives.weighted_sample import WeightedSample
from models.probabilities import answers
from schemas.heads import Head

NAN = float("nan")
HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
COLUMNS = {
    "click": [0.0, 1.0, 1.0, 1.0, NAN],
    "conversion": [0.0, 0.0, 1.0, NAN, 1.0],
}
X = np.array([0.5, -1.0, 2.0, 0.3, -0.6])
LOSS = np.logaddexp(0, [X[0], *-X[1:4]])  # of "clicked"


def term(targets_of, heads=HEADS, columns=COLUMNS, **chosen):
    values = {name: tf.constant(value, tf.float32) for name, value in columns.items()}
    method = WeightedSample(heads, options.WeightedSample(**chosen))
    terms = method.terms({"event": tf.constant(X, tf.float32)}, targets_of(heads, values))
    assert list(terms) == ["event"] == list(method.options.added_terms(heads))
    return terms["event"]


def test_a_click_weighs_a_fifth_and_a_conversion_one(targets_of):
    weight = np.array([1, 0.2, 1, 0.2])
    expected = (weight * LOSS).sum() / weight.sum()
    np.testing.assert_allclose(term(targets_of), expected, rtol=1e-6)


def test_with_copies_a_conversion_is_there_twice(targets_of):
    weight = np.array([1, 0.5, 3.5, 0.5])
    found = term(targets_of, click=0.5, conversion=3.0, copies=True)
    np.testing.assert_allclose(found, (weight * LOSS).sum() / weight.sum(), rtol=1e-6)


def test_any_deeper_event_is_a_conversion(targets_of):
    heads = {
        "keep": Head(label="kept", given="cvr"),
        **HEADS,
        "like": Head(label="like", given="ctr"),
    }
    columns = {
        "kept": [0, 0, 1, 0, 0],
        "click": [0, 1, 1, 1, 1],
        "conversion": [0, 0, 1, 0, 0],
        "like": [1, 0, 1, 1, 0],  # one without its click is none
    }
    loss = np.append(LOSS, np.logaddexp(0, -X[4]))
    weight = np.array([1, 0.2, 1, 1, 0.2])
    expected = (weight * loss).sum() / weight.sum()
    np.testing.assert_allclose(term(targets_of, heads, columns), expected, rtol=1e-6)
    weight = np.array([1, 0.2, 3.2, 1.2, 0.2])
    expected = (weight * loss).sum() / weight.sum()
    np.testing.assert_allclose(term(targets_of, heads, columns, copies=True), expected, rtol=1e-6)


def test_of_several_roots_one_event_is_enough_and_all_must_be_known_to_say_none(targets_of):
    heads = {"ctr": Head(label="click"), "like": Head(label="like")}
    columns = {"click": [0, 1, NAN, NAN, 0], "like": [0, NAN, 1, 0, 1]}
    loss = np.logaddexp(0, [X[0], -X[1], -X[2], -X[4]])
    weight = np.array([1, 0.2, 0.2, 0.2])
    expected = (weight * loss).sum() / weight.sum()
    np.testing.assert_allclose(term(targets_of, heads, columns), expected, rtol=1e-6)


def test_the_weight_of_a_row_is_that_of_the_head_whose_event_it_is(targets_of):
    heads = {
        "ctr": Head(label="click", weight="seen"),
        "cvr": Head(label="conversion", given="ctr", weight="pay"),
    }
    columns = {**COLUMNS, "seen": [2, 3, 5, NAN, 1], "pay": [7, 11, 13, 17, 1]}
    weight = np.array([2, 0.2 * 3, 13, 0])
    expected = (weight * LOSS).sum() / weight.sum()
    np.testing.assert_allclose(term(targets_of, heads, columns), expected, rtol=1e-6)


def test_every_rate_is_the_one_score_and_ctcvr_ranks_as_it_does():
    heads = {**HEADS, "spend": Head(label="price", given="cvr", kind="value")}
    method = WeightedSample(heads, options.WeightedSample())
    assert method.towers() == ("event", "spend")
    assert method.exposed() == ("event",)
    logits = {"event": tf.constant(X, tf.float32), "spend": tf.ones([5])}
    found = method.head_logits(logits)
    assert list(found) == ["ctr", "cvr", "spend"]
    np.testing.assert_array_equal(found["ctr"], found["cvr"])
    np.testing.assert_array_equal(found["spend"], np.ones(5))
    np.testing.assert_array_equal(np.argsort(answers(found, heads)["ctcvr"]), np.argsort(X))
