import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from components.serving_check.component import trial_requests
from components.serving_check.rules import broken_rules
from components.serving_check.trial import Trial


@pytest.fixture(scope="module")
def asked(shop):
    return trial_requests(shop.settings(), list(shop.rows), shop.graph)


@pytest.fixture
def judge(shop, asked, tmp_path):
    """Saves a model, tries it on the rows and returns the rules that it breaks."""

    def run(answer=shop.scored, told=None, requests=asked, **saving):
        settings = told or shop.settings()
        path = shop.save(tmp_path / "model", answer, **saving)
        return broken_rules(settings, requests, shop.tried_here(path, requests))

    return run


def test_a_right_model_breaks_no_rule(judge):
    assert judge() == []


def test_one_row_is_enough_to_try_a_model(judge, shop):
    assert judge(requests=trial_requests(shop.settings(), [shop.rows[1]], shop.graph)) == []


@pytest.fixture
def changed(shop):
    """The right model with some answers replaced, each a function of them all."""

    def change(**changes):
        def answer(values):
            answers = shop.scored(values)
            return {**answers, **{name: new(answers) for name, new in changes.items()}}

        return answer

    return change


@pytest.mark.parametrize(
    ("name", "new", "rule"),
    [
        ("ctr", lambda a: a["ctr"] + 1, "ctr must be in [0, 1], found 1.55 to 1.832"),
        ("ctcvr", lambda a: a["ctcvr"] * 0.9, "ctcvr must be ctr * cvr, it is off by 0.046"),
        ("cvr", lambda a: a["cvr"] * np.nan, "cvr must be in [0, 1], found nan to nan"),
        ("score", lambda a: a["score"] * np.inf, "score must be finite"),
        (
            "ctr",
            lambda a: a["ctr"] / tf.cast(tf.maximum(tf.size(a["ctr"]), 1), tf.float32),
            "a batch of 1 differs from the same rows in a batch of 512 by 0.6 in ctr, "
            "through serving_default",
        ),
        (
            "cvr",
            lambda a: a["cvr"][:, tf.newaxis],
            "rank must answer cvr as float32 [8] to 8 rows, found float32 [8, 1]",
        ),
        (
            "cvr",
            lambda a: tf.cast(a["cvr"], tf.float64),
            "serving_default must answer cvr as float32 [0] to 0 rows, found float64 [0]",
        ),
    ],
    ids=["above 1", "no product", "nan", "infinite", "sees the batch", "matrix", "64 bits"],
)
def test_a_model_that_breaks_a_rule_is_told_so(judge, changed, name, new, rule):
    assert rule in judge(changed(**{name: new}))


@pytest.mark.parametrize(
    ("door", "rule"),
    [
        ("predict_columns", "serving_default and predict_columns differ by 0.51 in score"),
        ("rank", "serving_default and rank differ by 0.58 in score"),
    ],
)
def test_doors_that_differ_are_named(judge, shop, door, rule):
    def longer(values):
        return shop.scored({**values, "length": values["length"] + 1})

    assert rule in judge(**{door: longer})


def test_a_rank_that_takes_all_users_for_the_first_is_found(judge, shop):
    """The first user's candidates are right: only others' are not."""

    def for_the_first(values):
        ones = tf.ones_like(values["age"])
        return shop.scored({**values, "age": 20.0 * ones, "length": 2.0 * ones})

    [wrong] = judge(rank=for_the_first)
    assert wrong == "serving_default and rank differ by 0.68 in score"


def test_a_model_that_was_trained_behind_other_transforms_is_found(judge, shop):
    wrong = judge(score_packed=lambda values: shop.rates({**values, "age": values["age"] * 2}))
    assert wrong == ["training and serving_default differ by 0.068 in ctr"]


def test_what_differs_by_more_than_rounding_is_found(judge, shop):
    def nearly(values):
        return shop.rates({**values, "age": values["age"] + 0.01})

    assert judge(score_packed=nearly) == ["training and serving_default differ by 2.4e-05 in ctr"]


def test_a_door_that_is_not_there_is_named(judge):
    assert judge(doors=("serving_default", "rank")) == [
        "it has no signature predict_columns, only rank, serving_default"
    ]


def test_a_model_that_does_not_say_what_training_said_is_refused(judge):
    assert judge(score_packed=None) == [
        "it has no score_packed, by which training's answers are compared"
    ]


def test_an_output_that_is_not_answered_is_the_only_thing_said(judge, shop):
    def no_cvr(values):
        answers = shop.scored(values)
        return {name: answers[name] for name in ("ctr", "score")}

    assert judge(no_cvr) == ["it does not answer cvr, ctcvr, only ctr, score"]


def test_weights_that_are_not_heard_are_found(judge, shop):
    wrong = judge(rank=lambda values: shop.scored({**values, "weight": tf.constant(1.0)}))
    assert wrong == ["score must be ctr ** 0.5 * cvr * price: 0.304945 where it is 0.235951"]


def test_a_score_of_another_expression_is_found(judge, shop):
    wrong = judge(told=shop.settings(score="ctr ** 1.0 * cvr + price"))
    assert wrong[0] == "score must be ctr ** 1.0 * cvr + price: 3.07865 where it is 0.235951"


def test_a_score_that_is_not_answered_is_found(judge, shop):
    assert judge(shop.rates) == ["rank does not answer score"]


def test_without_columns_of_items_there_is_nothing_to_rank(judge, shop):
    columns = [c for c in shop.settings().model_dump()["columns"] if c["name"] != "price"]
    features = shop.settings().model_dump()["features"]
    features["item"]["side"] = "context"
    told = shop.settings(columns=columns, features=features, score=None)
    requests = trial_requests(told, list(shop.rows), shop.graph)
    assert {request.door for request in requests.values()} == {
        "serving_default",
        "predict_columns",
        "score_packed",
    }


def test_what_answering_needs_beside_tensorflow_is_told(shop):
    none = Trial({}, (), (), (), (), 0.0, 0, {})
    found = dataclasses.replace(
        none, packages=("tfx_bsl",), python_ops=("PyFunc",), unknown_ops=("Twice", "Zero")
    )
    assert broken_rules(shop.settings(), {}, found) == [
        "its graph runs Python, in PyFunc, which no server can",
        "its graph has operations that TensorFlow has not: Twice, Zero",
        "answering needs tfx_bsl beside TensorFlow",
    ]
