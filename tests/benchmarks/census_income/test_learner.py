"""Methods of one size, and one training on rows that can be learnt."""

import numpy as np
import pytest

from benchmarks.census_income.data import LABELS, Part, declared
from benchmarks.census_income.learner import Learner
from benchmarks.census_income.plan import BUDGET, METHODS, TUNING_SEED, Run, settings
from schemas.layout import make_layout


def part(rows: int, seed: int) -> Part:
    """Random people: income follows the first number, marriage the second."""
    random = np.random.default_rng(seed)
    layout = make_layout(declared())
    features: dict[str, np.ndarray] = {
        layout.ids_name(width): np.stack(
            [layout.tables[table].offset + random.integers(0, 3, rows) for _, table in lookups],
            axis=1,
        )
        for width, lookups in layout.lookups.items()
    }
    dense = random.normal(size=(rows, len(layout.dense))).astype(np.float32)
    labels = {name: (dense[:, i] > 0).astype(float) for i, name in enumerate(LABELS)}
    return Part({**features, layout.dense_name(): dense}, labels)


@pytest.fixture(scope="module")
def learner() -> Learner:
    sizes = {"train": 32768, "validation": 500, "test": 400}
    return Learner({name: part(rows, i) for i, (name, rows) in enumerate(sizes.items())})


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_the_same_budget(learner, method):
    found = learner.size(method)
    assert abs(found["parameters"] - BUDGET) < 0.03 * BUDGET


def test_a_shared_bottom_of_the_budget_has_the_width_that_its_layers_say(learner):
    # 177 inputs, width w, 32, and for each of two heads a tower 32 -> 16 -> 1.
    width = learner.size("shared_bottom")["width"]
    count = 178 * width + (width + 1) * 32 + 2 * (33 * 16 + 17)
    assert learner.size("shared_bottom")["parameters"] == count


def test_a_run_learns_both_heads_and_meets_the_test_part_only_if_it_does_not_tune(learner):
    setting = settings(2)[1]
    judged = learner.learn(Run("group_1", "shared_bottom", 1, 3), setting, 16)
    tuned = learner.learn(Run("group_1", "shared_bottom", 1, TUNING_SEED), setting, 16)
    assert "test" not in tuned
    for name in ("validation", "test"):
        assert list(judged[name]) == ["income_over_50k", "never_married"]
        assert all(auc > 0.8 for auc in judged[name].values())
    assert judged["test"] != judged["validation"]
