import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.objectives.division import Division
from models.probabilities import answers
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
FOREST = {
    "keep": Head(label="kept", given="cvr"),
    **HEADS,
    "spend": Head(label="price", given="cvr", kind="value"),
    "like": Head(label="like"),
}
DIVISION = Division(HEADS, options.Division())


def bce(y, x):
    return np.mean(y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x))


def test_towers_are_the_probabilities_over_all_impressions_and_a_position_acts_on_each():
    forest = Division(FOREST, options.Division())
    assert DIVISION.towers() == DIVISION.exposed() == ("ctr", "ctcvr")
    assert set(forest.exposed()) == {"ctr", "ctcvr", "ctcvkeep", "like"}
    assert set(forest.towers()) == {*forest.exposed(), "spend"}


def test_each_tower_is_learnt_over_all_impressions_and_by_itself(targets_of):
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 40))
    click = random.integers(0, 2, 40).astype("float32")
    conversion = click * random.integers(0, 2, 40).astype("float32")
    labels = {"click": tf.constant(click), "conversion": tf.constant(conversion)}
    logits = {"ctr": tf.constant(a, tf.float32), "ctcvr": tf.constant(b, tf.float32)}
    with tf.GradientTape() as tape:
        tape.watch(logits)
        terms = DIVISION.terms(logits, targets_of(HEADS, labels))
        of_ctcvr = terms["ctcvr"]
    assert list(terms) == ["ctr", "ctcvr"]
    np.testing.assert_allclose(terms["ctr"], bce(click, a), rtol=1e-5)
    np.testing.assert_allclose(terms["ctcvr"], bce(conversion, b), rtol=1e-5)
    assert tape.gradient(of_ctcvr, logits)["ctr"] is None


def test_a_weight_counts_in_the_probability_that_its_head_ends(targets_of):
    heads = {"ctr": HEADS["ctr"], "cvr": Head(label="conversion", given="ctr", weight="pay")}
    columns = {"click": [1.0, 0.0], "conversion": [1.0, 0.0], "pay": [3.0, 1.0]}
    targets = targets_of(heads, {name: tf.constant(value) for name, value in columns.items()})
    logits = {"ctr": tf.constant([0.0, 0.0]), "ctcvr": tf.constant([1.0, 2.0])}
    terms = Division(heads, options.Division()).terms(logits, targets)
    expected = (3 * np.log1p(np.exp(-1)) + np.log1p(np.exp(2))) / 4
    np.testing.assert_allclose(terms["ctcvr"], expected, rtol=1e-6)
    np.testing.assert_allclose(terms["ctr"], np.log(2), rtol=1e-6)


def test_cvr_is_the_quotient():
    found = DIVISION.head_logits(
        {"ctr": tf.constant([0.0]), "ctcvr": tf.constant([-np.log(7.0)], tf.float32)}
    )
    np.testing.assert_allclose(tf.sigmoid(found["cvr"]), [(1 / 8) / (1 / 2)], rtol=1e-6)


@pytest.mark.parametrize("size", [1, 10, 40])
def test_ctcvr_is_ctr_times_cvr_and_never_above_ctr(size):
    grid = np.meshgrid(np.linspace(-size, size, 33), np.linspace(-size, size, 33))
    a, b = (axis.ravel().astype("float32") for axis in grid)
    logits = DIVISION.head_logits({"ctr": tf.constant(a), "ctcvr": tf.constant(b)})
    assert np.isfinite(logits["cvr"]).all()
    found = answers(logits, HEADS)
    ctr, ctcvr = (1 / (1 + np.exp(-x.astype("float64"))) for x in (a, b))
    np.testing.assert_allclose(found["cvr"], np.minimum(ctcvr / ctr, 1), rtol=1e-4)
    np.testing.assert_allclose(found["ctcvr"], np.minimum(ctcvr, ctr), rtol=1e-4)
    assert (found["ctcvr"] <= found["ctr"]).numpy().all()


def test_along_a_path_no_probability_is_above_the_one_before_it():
    x = {"ctr": 0.0, "ctcvr": 1.0, "ctcvkeep": 0.5, "like": -3.0, "spend": 7.0}
    logits = {name: tf.constant([value]) for name, value in x.items()}
    heads = Division(FOREST, options.Division()).head_logits(logits)
    assert list(heads) == list(FOREST)
    assert heads["like"].numpy() == [-3.0] and heads["spend"].numpy() == [7.0]
    found = answers(heads, FOREST)
    for name in ("ctr", "ctcvr", "ctcvkeep"):  # what was learnt of the last two is above ctr
        np.testing.assert_allclose(found[name], [0.5], rtol=1e-6)
