import math

import numpy as np

from evaluation.score import score_values


def test_an_expression_is_reckoned_row_by_row():
    values = {"ctr": np.array([0.5, 0.25]), "price": np.array([4.0, 2.0])}
    assert score_values("ctr ** 2 * price + 1", values).tolist() == [2.0, 1.125]
    assert score_values("max(ctr, 0.5) - min(price, 3)", values).tolist() == [-2.5, -1.5]
    assert score_values("log(exp(2) * ctr / ctr)", values).tolist() == [2.0, 2.0]


def test_where_there_is_no_value_there_is_no_finite_one(recwarn):
    found = score_values("log(ctr) / price", {"ctr": np.array([0.0, -1]), "price": np.zeros(2)})
    assert (found[0], math.isnan(found[1])) == (-math.inf, True)
    assert not recwarn.list


def test_a_score_of_no_column_is_one_number():
    assert score_values("2 * 3", {}) == 6.0
