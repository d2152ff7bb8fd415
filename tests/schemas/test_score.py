import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
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


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("log(ctr, cvr)", "log takes 1 argument. Received 2, in 'log(ctr, cvr)'"),
        ("ctr * exp()", "exp takes 1 argument. Received 0, in 'exp()'"),
        ("max()", "max takes 2 or more arguments. Received 0, in 'max()'"),
        ("min(ctr) * 2", "min takes 2 or more arguments. Received 1, in 'min(ctr)'"),
    ],
)
def test_a_wrong_number_of_arguments_is_refused(expression, said):
    with pytest.raises(ValueError) as refused:
        names_in_score(expression)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    "expression",
    ["(-1) ** 0.5 * ctr", "ctr * log(0)", "ctr + log(-1)", "exp(1000) * ctr", "1e999 * ctr",
     "ctr * 2.0 ** 200", "0 ** -1 * ctr", "min(1, 1e39) * ctr", "ctr + 1 / 0"],
)  # fmt: skip
def test_numbers_that_a_graph_cannot_hold_are_refused(expression):
    with pytest.raises(ValueError, match="has no value"):
        names_in_score(expression)


@pytest.mark.parametrize("expression", ["2", "log(3) + 1", "min(1, 2, 3)"])
def test_a_score_without_a_name_is_refused(expression):
    with pytest.raises(ValueError, match="a score is made of answers and columns"):
        names_in_score(expression)


def test_a_score_may_be_long_and_deep_but_not_without_end():
    assert names_in_score("+".join(["ctr"] * 99)) == ("ctr",)
    with pytest.raises(ValueError, match=r"at most 1000 characters\. Received 1001"):
        names_in_score("c" * 1001)
    for deep in ("-" * 900 + "ctr", "+".join(["a"] * 400), "log(" * 120 + "a" + ")" * 120):
        with pytest.raises(ValueError, match="may be nested 100 deep"):
            names_in_score(deep)
    with pytest.raises(ValueError, match=r"cannot be read as arithmetic|may be nested"):
        names_in_score("(" * 400 + "a" + ")" * 400)


def test_min_and_max_fold_two_at_a_time():
    values = {"a": np.array([1.0, 5.0]), "b": np.array([2.0, 4.0]), "c": np.array([0.0, 9.0])}
    arrays = {"min": np.minimum, "max": np.maximum, "log": np.log, "exp": np.exp}
    np.testing.assert_array_equal(evaluate_score("min(a, b, c)", values, arrays), [0, 4])
    np.testing.assert_array_equal(evaluate_score("max(a, b, c, 3)", values, arrays), [3, 9])


leaves = st.sampled_from(["ctr", "cvr", "price", "0.5", "2", "1.5"])
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda e: f"({e[0]} {e[1]} {e[2]})"),
        st.tuples(inner, inner).map(lambda e: f"{e[0]} / (1 + max({e[1]}, 0))"),
        st.tuples(inner, st.sampled_from(["0.5", "2", "1.25"])).map(
            lambda e: f"(max({e[0]}, 0) ** {e[1]})"
        ),
        inner.map(lambda e: f"log(1 + max({e}, 0.0))"),
        inner.map(lambda e: f"exp(-max({e}, 0, -1))"),
        st.lists(inner, min_size=2, max_size=3).map(lambda e: f"min({', '.join(e)})"),
        inner.map(lambda e: f"-{e}"),
    ),
    max_leaves=8,
)


TENSORS = {"min": tf.minimum, "max": tf.maximum, "log": tf.math.log, "exp": tf.exp}


def double(function):
    """The function in 64 bits, which TensorFlow does not take of its own for plain numbers."""
    return lambda *values: function(*(tf.convert_to_tensor(v, tf.float64) for v in values))


@settings(deadline=None, max_examples=50)
@given(expressions, st.integers(0, 1000))
def test_tensors_arrays_and_python_agree_on_every_expression(expression, seed):
    random = np.random.default_rng(seed)
    columns = {"ctr": random.uniform(0.01, 1, 4), "cvr": random.uniform(0.01, 1, 4),
               "price": random.uniform(0.5, 20, 4)}  # fmt: skip
    arrays = {"min": np.minimum, "max": np.maximum, "log": np.log, "exp": np.exp}
    tensors = {name: double(function) for name, function in TENSORS.items()}
    by_array = np.broadcast_to(evaluate_score(expression, columns, arrays), 4)
    constants = {name: tf.constant(column, tf.float64) for name, column in columns.items()}
    by_tensor = np.broadcast_to(evaluate_score(expression, constants, tensors), 4)
    np.testing.assert_allclose(by_tensor, by_array, rtol=1e-9, atol=1e-12)
    for row in range(4):
        values = {name: float(column[row]) for name, column in columns.items()}
        by_python = evaluate_score(expression, values, FUNCTIONS)
        assert by_python == pytest.approx(by_array[row], rel=1e-9, abs=1e-12)


@given(st.floats(0.001, 1), st.floats(0.001, 1), st.floats(-2, 2), st.floats(-2, 2))
def test_powers_and_products_agree_with_python(ctr, cvr, alpha, beta):
    answer = evaluate_score(f"ctr ** {alpha} * cvr ** {beta}", {"ctr": ctr, "cvr": cvr}, FUNCTIONS)
    assert answer == pytest.approx(ctr**alpha * cvr**beta, rel=1e-9)
