import math

import pytest

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
    ["__import__('os')", "ctr.real", "[ctr]", "ctr if cvr else 1", "'a' * 2", "f(ctr)", "ctr @ cvr"],
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
