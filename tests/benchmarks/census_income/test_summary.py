"""Means, intervals and sentences from invented figures; SciPy's own t test is the oracle."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.census_income.paper import TABLES
from benchmarks.census_income.summary import bars, difference, figures, order

MAIN, AUXILIARY = "income_over_50k", "never_married"


def scores(means: dict[str, float], noise: float = 1e-5) -> dict:
    """Four seeds of each method, around its mean for both heads."""
    random = np.random.default_rng(0)
    return {
        method: {
            head: (mean + noise * random.normal(size=4)).tolist() for head in (MAIN, AUXILIARY)
        }
        for method, mean in means.items()
    }


def test_the_interval_is_that_of_a_paired_t_test():
    random = np.random.default_rng(1)
    ours, others = random.normal(size=(2, 12))
    found = difference(ours, others)
    interval = stats.ttest_rel(ours, others).confidence_interval(0.95)
    assert found == pytest.approx((np.mean(ours - others), interval.low, interval.high))
    assert found.shown == (stats.ttest_rel(ours, others).pvalue < 0.05)


def test_best_is_the_run_with_the_best_main_head_and_its_auxiliary():
    given = {"mmoe": {MAIN: [0.1, 0.3, 0.2], AUXILIARY: [0.9, 0.5, 0.7]}}
    found = figures("group_1", given)["mmoe"]
    assert found["group_1.income_over_50k.auc"] == pytest.approx(
        {"mean": 0.2, "std": 0.1, "best": 0.3}
    )
    assert found["group_1.never_married.auc"] == pytest.approx(
        {"mean": 0.7, "std": 0.2, "best": 0.5}
    )


def test_every_method_is_compared_with_the_two_baselines_and_none_with_itself():
    found = figures("group_1", scores({"single_task": 0.93, "shared_bottom": 0.92, "ple": 0.95}))
    ours = found["ple"]["group_1.income_over_50k.auc"]
    assert ours["vs_single_task"] == pytest.approx(0.02, abs=1e-4)
    assert ours["vs_shared_bottom_low"] < ours["vs_shared_bottom"] < ours["vs_shared_bottom_high"]
    assert "vs_single_task" not in found["single_task"]["group_1.income_over_50k.auc"]


def test_where_the_papers_own_means_are_measured_every_order_holds():
    said = order(
        "group_1", scores({name: line.main_mean for name, line in TABLES["group_1"].items()})
    )
    # Of 15 pairs L2 and MMoE are equal in the paper.
    assert said[0] == (
        "group_1, income_over_50k: of the paper's 14 orders of two methods 14 hold, "
        "0 are reversed, 0 are within the noise of the seeds."
    )
    assert not [line for line in said if line.startswith("group_1, income_over_50k: the paper")]


def test_an_order_that_is_reversed_is_said_with_its_interval():
    said = order("group_1", scores({"mmoe": 0.93, "shared_bottom": 0.95}))
    assert said[0].endswith(
        "1 orders of two methods 0 hold, 1 are reversed, 0 are within the noise of the seeds."
    )
    assert said[1].startswith(
        "group_1, income_over_50k: the paper has mmoe above shared_bottom. The reverse holds here: "
        "the difference is -0.0200 [-0.0200, -0.0200]"
    )


def test_an_order_within_the_noise_is_said_to_be_unproved():
    said = order("group_1", scores({"mmoe": 0.95, "shared_bottom": 0.95}, noise=1e-3))
    assert "1 are within the noise of the seeds" in said[0]
    assert "That is not shown here" in said[1]


def test_bars_are_for_the_mean_of_mmoe():
    reached = bars("group_1", scores({"mmoe": 0.993, "ple": 0.5}))
    assert [bar["reached"] for bar in reached] == [True, True]
    missed = bars("group_1", scores({"mmoe": 0.9405, "ple": 1.0}))
    assert [bar["reached"] for bar in missed] == [False, False]
    assert [bar["bar"][-6:] for bar in missed] == ["0.9410", "0.9927"]
    assert (
        len(
            bars(
                "group_2",
                scores({"mmoe": 0.9, "ple": 0.5})
                | {"mmoe": {"college_degree": [1.0], AUXILIARY: [1.0]}},
            )
        )
        == 1
    )
