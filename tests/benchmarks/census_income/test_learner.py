"""Methods of one size. That they learn is seen in the whole benchmark, in test_census.py."""

import pytest

from benchmarks.census_income.learner import Learner
from benchmarks.census_income.plan import BUDGET, METHODS


@pytest.fixture(scope="module")
def sizes() -> dict[str, dict[str, int]]:
    learner = Learner({})
    return {method: learner.size(method) for method in METHODS}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_the_same_budget(sizes, method):
    assert abs(sizes[method]["parameters"] - BUDGET) < 0.03 * BUDGET


def test_parameters_are_those_that_the_layers_say(sizes):
    # 177 inputs, width w, 32; for each of two heads a tower 32 -> 16 -> 1.
    towers = 2 * (33 * 16 + 17)
    width = sizes["shared_bottom"]["width"]
    assert sizes["shared_bottom"]["parameters"] == 178 * width + (width + 1) * 32 + towers
    width = sizes["single_task"]["width"]
    assert sizes["single_task"]["parameters"] == 2 * (178 * width + (width + 1) * 32) + towers
    width = sizes["mmoe"]["width"]
    experts = 8 * (178 * width + (width + 1) * 32)
    assert sizes["mmoe"]["parameters"] == experts + 2 * 8 * 177 + towers
