import numpy as np
import tensorflow as tf

from models import options
from models.objectives.entire_space import EntireSpace
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
ESMM = EntireSpace(HEADS, options.EntireSpace())


def labels(click, conversion):
    return {"click": tf.constant(click), "conversion": tf.constant(conversion)}


def bce(y, p):
    return -np.mean(y * np.log(p) + (1 - y) * np.log1p(-p))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_terms_are_ctr_and_ctcvr_over_all_impressions(targets_of):
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 40))
    click = random.integers(0, 2, 40)
    conversion = click * random.integers(0, 2, 40)
    terms = ESMM.terms(
        {"ctr": tf.constant(a, tf.float32), "cvr": tf.constant(b, tf.float32)},
        targets_of(HEADS, labels(click.astype("float32"), conversion.astype("float32"))),
    )
    assert list(terms) == ["ctr", "ctcvr"]
    np.testing.assert_allclose(terms["ctr"], bce(click, sigmoid(a)), rtol=1e-5)
    np.testing.assert_allclose(terms["ctcvr"], bce(conversion, sigmoid(a) * sigmoid(b)), rtol=1e-5)


def test_impressions_without_a_click_teach_cvr_as_clicked_ones_without_conversion_do(targets_of):
    a, b = tf.constant([0.3, 0.3]), tf.constant([-0.7, -0.7])
    with tf.GradientTape() as tape:
        tape.watch(b)
        terms = ESMM.terms({"ctr": a, "cvr": b}, targets_of(HEADS, labels([0.0, 1.0], [0.0, 0.0])))
        loss = terms["ctr"] + terms["ctcvr"]
    gradient = tape.gradient(loss, b).numpy()
    o, r = sigmoid(0.3), sigmoid(-0.7)
    np.testing.assert_allclose(gradient, np.full(2, o * r * (1 - r) / (1 - o * r) / 2), rtol=1e-5)


def test_gradient_of_the_ctr_logit_is_that_of_both_terms(targets_of):
    a, b = tf.constant([0.3]), tf.constant([-0.7])
    with tf.GradientTape() as tape:
        tape.watch(a)
        terms = ESMM.terms({"ctr": a, "cvr": b}, targets_of(HEADS, labels([1.0], [0.0])))
        loss = terms["ctr"] + terms["ctcvr"]
    o, r = sigmoid(0.3), sigmoid(-0.7)
    expected = (o - 1) + o * r * (1 - o) / (1 - o * r)
    np.testing.assert_allclose(tape.gradient(loss, a), [expected], rtol=1e-5)


def test_a_chain_of_three_and_a_lone_head(targets_of):
    heads = {
        **HEADS,
        "keep": Head(label="kept", given="cvr", joint="ctcvkeep"),
        "like": Head(label="like"),
    }
    x = {name: tf.constant([value]) for name, value in
         {"ctr": 0.1, "cvr": -0.2, "keep": 0.3, "like": -0.4}.items()}  # fmt: skip
    events = {name: tf.constant([1.0]) for name in ("click", "conversion", "like")}
    events["kept"] = tf.constant([0.0])
    terms = EntireSpace(heads, options.EntireSpace()).terms(x, targets_of(heads, events))
    p = {name: sigmoid(float(logit[0])) for name, logit in x.items()}
    joint = p["ctr"] * p["cvr"]
    expected = {
        "ctr": -np.log(p["ctr"]),
        "ctcvr": -np.log(joint),
        "ctcvkeep": -np.log(1 - joint * p["keep"]),
        "like": -np.log(p["like"]),
    }
    assert set(terms) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-5)
