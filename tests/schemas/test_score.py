import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.score import evaluate_score, names_in_score

FUNCTIONS = {"log": math.log, "exp": math.exp, "min": min, "max": max}


def test_a_score_is_ordinary_arithmetic():
    values = {"ctr": 0.5, "cvr": 0.25, "price": 8.0}
    assert evaluate_score("ctr ** 2 * cvr * price - 1", values, FUNCTIONS) == -0.5
    assert evaluate_score("min(ctr, cvr) / -0.5", values, FUNCTIONS) == -0.5
    assert evaluate_score("log(price) / log(2)", values, FUNCTIONS) == pytest.approx(3)


def test_the_names_of_a_score_come_once_each_and_without_functions():
    assert set(names_in_score("log(price) * ctr ** 2 / (ctr - cvr)")) == {"price", "ctr", "cvr"}


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os')",
        "ctr.real",
        "[ctr]",
        "ctr if cvr else 1",
        "'a' * 2",
        "f(ctr)",
        "ctr @ cvr",
    ],
)
def test_anything_but_arithmetic_is_refused(expression):
    with pytest.raises(ValueError, match=r"score may hold names, numbers"):
        names_in_score(expression)


def test_what_is_not_an_expression_is_refused():
    with pytest.raises(ValueError, match="cannot be read as arithmetic: 'ctr \\*'"):
        names_in_score("ctr *")


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="score names 'cvt'; known are ctr"):
        evaluate_score("cvt", {"ctr": 0.5}, FUNCTIONS)


def test_the_names_of_a_score_come_in_the_order_they_are_written():
    names = names_in_score("ctr * log(1 + price) * ctr ** 2 + min(cvr, 1)")
    assert names == ("ctr", "price", "cvr")


@pytest.mark.parametrize(
    "expression", ["price[0]", "lambda: 1", "ctr % 2", "ctr < 1", "True + ctr", "min(ctr, key=1)"]
)
def test_python_that_looks_like_arithmetic_is_refused(expression):
    with pytest.raises(ValueError, match=r"score may hold names, numbers"):
        names_in_score(expression)


@pytest.mark.parametrize("expression", ["ctr * (1 / 0)", "10.0 ** 10 ** 10"])
def test_numbers_that_have_no_value_are_refused(expression):
    with pytest.raises(ValueError, match="has no value"):
        names_in_score(expression)


@given(st.floats(0.001, 1), st.floats(0.001, 1), st.floats(-2, 2), st.floats(-2, 2))
def test_powers_and_products_agree_with_python(ctr, cvr, alpha, beta):
    answer = evaluate_score(f"ctr ** {alpha} * cvr ** {beta}", {"ctr": ctr, "cvr": cvr}, FUNCTIONS)
    assert answer == pytest.approx(ctr**alpha * cvr**beta, rel=1e-9)
