"""A score holds arithmetic over names, whatever stands in the config."""

import ast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.score import FUNCTIONS, evaluate_score, names_in_score

NAMES = ("ctr", "cvr", "price")
VALUES = {"ctr": 0.5, "cvr": 0.25, "price": 3.0}
ARITHMETIC = (
    *(ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.Load, ast.UAdd, ast.USub),
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow),
)
PIECES = st.lists(
    st.sampled_from(
        [
            *(*NAMES, *FUNCTIONS, "__import__", "eval", "print", "os", "__class__", "lambda", "x"),
            *(
                "+",
                "-",
                "*",
                "/",
                "**",
                "//",
                "%",
                "@",
                "(",
                ")",
                "[",
                "]",
                "{",
                "}",
                ".",
                ",",
                ":",
            ),
            *(
                "1",
                "2.5",
                "1e9",
                "1j",
                "'a'",
                'f"{1}"',
                "b''",
                "True",
                "None",
                "...",
                ":=",
                "=",
                "==",
            ),
            *(
                " if ",
                " else ",
                " for ",
                " in ",
                " not ",
                " and ",
                "await ",
                "yield ",
                "*ctr",
                "\n",
            ),
        ]
    ),
    max_size=9,
).map("".join)


def calls(name):
    def function(*numbers):
        return sum(numbers)

    function.__name__ = name
    return function


@settings(max_examples=300, deadline=None)
@example("().__class__.__bases__[0].__subclasses__()")
@example("__import__('os').system('true')")
@example("(lambda: ctr)()")
@example("[ctr for ctr in (1,)][0]")
@example("ctr if ctr else cvr")
@example("min(ctr, cvr, key=print)")
@example("min(*ctr)")
@example("9**9**9**9 * ctr")
@example("(ctr := 1)")
@example("ctr.real")
@example("'a' * 1000000000 + ctr")
@given(st.one_of(PIECES, st.text(max_size=40)))
def test_what_is_taken_is_arithmetic_over_names_and_nothing_else(expression):
    try:
        names = names_in_score(expression)
    except ValueError as refused:
        assert str(refused)
        return
    tree = ast.parse(expression.strip(), mode="eval").body
    for node in ast.walk(tree):
        assert isinstance(node, ARITHMETIC), ast.dump(node)
        if isinstance(node, ast.Call):
            assert node.func.id in FUNCTIONS and not node.keywords
        if isinstance(node, ast.Constant):
            assert type(node.value) in (int, float)
    assert names and not set(names) & set(FUNCTIONS) - set(names)


@given(st.sampled_from(["ctr", "cvr * price", "min(ctr, cvr)", "-(ctr) ** 2 + log(price)"]))
def test_only_names_that_are_given_have_a_value(expression):
    functions = {name: calls(name) for name in FUNCTIONS}
    with pytest.raises(ValueError, match="score names "):
        evaluate_score(expression, {}, functions)
    evaluate_score(expression, VALUES, functions)


@pytest.mark.parametrize(
    "expression", ["(" * 3000 + "ctr" + ")" * 3000, "-" * 990 + "ctr", "ctr" + "+ctr" * 240]
)
def test_length_and_depth_have_limits(expression):
    with pytest.raises(ValueError, match=r"at most 1000 characters|nested 100 deep|arithmetic"):
        names_in_score(expression)
