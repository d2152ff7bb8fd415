import re

import numpy as np
import pytest

from components.serving_check.invariants import broken_invariants, largest_gap
from schemas.heads import Head, outputs

FUNNEL = outputs({"ctr": Head(label="click"), "cvr": Head(label="buy", given="ctr")})
CHAIN = outputs(
    {
        "ctr": Head(label="click"),
        "cvr": Head(label="buy", given="ctr"),
        "keep": Head(label="keep", given="cvr"),
    }
)


def answers(**values):
    return {name: np.array(value, np.float32) for name, value in values.items()}


def test_right_answers_break_no_rule():
    assert broken_invariants(answers(ctr=[0, 0.5], cvr=[1, 0.5], ctcvr=[0, 0.25]), FUNNEL) == []


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"ctr": [1.5], "cvr": [0.5], "ctcvr": [0.75]}, r"ctr must be in \[0, 1\], found 1.5 to"),
        ({"ctr": [-0.5], "cvr": [0.0], "ctcvr": [0.0]}, r"ctr must be in \[0, 1\], found -0.5 to"),
        ({"ctr": [0.5], "cvr": [np.nan], "ctcvr": [0.2]}, r"cvr must be in \[0, 1\], found nan"),
        ({"ctr": [0.5], "cvr": [0.5], "ctcvr": [0.3]}, r"ctcvr must be ctr \* cvr.* off by 0.05"),
        ({"ctr": [0.5], "cvr": [0.5], "ctcvr": [0.6]}, "ctcvr must not exceed ctr"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_named(values, rule):
    assert any(re.search(rule, text) for text in broken_invariants(answers(**values), FUNNEL))


def test_one_wrong_row_among_many_is_found():
    given = answers(ctr=[0.5] * 9, cvr=[0.5] * 9, ctcvr=[0.25] * 8 + [0.26])
    assert broken_invariants(given, FUNNEL) == ["ctcvr must be ctr * cvr, it is off by 0.01"]


def test_a_rounding_error_breaks_no_rule():
    given = answers(ctr=[0.5], cvr=[0.5], ctcvr=[0.25 + 5e-7])
    assert broken_invariants(given, FUNNEL) == []


def test_a_joint_is_held_against_every_joint_above_it():
    given = answers(ctr=[0.9], cvr=[0.1], keep=[0.5], ctcvr=[0.09], ctcvkeep=[0.2])
    names = [output.name for output in CHAIN]
    assert names == ["ctr", "cvr", "keep", "ctcvr", "ctcvkeep"]
    assert broken_invariants(given, CHAIN)[1:] == ["ctcvkeep must not exceed ctcvr"]


def test_an_output_that_is_not_answered_is_named():
    given = answers(ctr=[0.5], score=[1.0])
    assert broken_invariants(given, FUNNEL) == ["it does not answer cvr, ctcvr, only ctr, score"]


def test_a_score_may_be_any_number_but_must_be_one():
    right = answers(ctr=[0.5], cvr=[0.5], ctcvr=[0.25], score=[120.0])
    assert broken_invariants(right, FUNNEL) == []
    wrong = {**right, "score": np.array([-np.inf])}
    assert broken_invariants(wrong, FUNNEL) == ["score must be finite"]


def test_the_largest_gap_names_its_output():
    left = answers(ctr=[0.5, 0.5], cvr=[0.25, 0.5])
    right = answers(ctr=[0.5, 0.5625], cvr=[0.5, 0.5])
    assert largest_gap(left, right) == ("cvr", 0.25)


def test_the_gap_of_a_large_score_is_relative():
    name, gap = largest_gap(answers(score=[1000.0]), answers(score=[1000.5]))
    assert (name, round(gap, 6)) == ("score", 0.0005)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (answers(ctr=[np.nan]), answers(ctr=[np.nan])),
        (answers(ctr=[0.5]), answers(ctr=[[0.5]])),
        (answers(ctr=[0.5]), {}),
        ({}, answers(ctr=[0.5])),
    ],
    ids=["not a number", "another shape", "missing right", "missing left"],
)
def test_answers_that_cannot_be_compared_are_infinitely_apart(left, right):
    assert largest_gap(left, right) == ("ctr", np.inf)


def test_a_value_may_be_anything_finite_and_its_joint_is_its_product_with_the_rate():
    heads = {"ctr": Head(label="click"), "spend": Head(label="v", given="ctr", kind="value")}
    good = answers(ctr=[0.5, 0.25], spend=[-8.0, 1000.0], ctspend=[-4.0, 250.0])
    assert broken_invariants(good, outputs(heads)) == []
    wrong = answers(ctr=[0.5], spend=[np.inf], ctspend=[np.inf])
    assert broken_invariants(wrong, outputs(heads)) == [
        "ctspend must be finite",
        "spend must be finite",
    ]
    off = answers(ctr=[0.5], spend=[10.0], ctspend=[6.0])
    assert broken_invariants(off, outputs(heads)) == [
        "ctspend must be ctr * spend, it is off by 0.17"
    ]
