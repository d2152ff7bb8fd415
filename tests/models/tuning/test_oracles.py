import collections
import math

import pytest
from keras_tuner.engine.trial import TrialStatus

from models.tuning.config import TuningConfig
from models.tuning.oracles import decode, encode, make_oracle

LOG = {"training.learning_rate": {"float": [1e-4, 1e-2], "log": True}}
MIXED = {
    **LOG,
    "model.units": {"choice": [[8], [16], [32]]},
    "model.trunk": {"choice": ["mmoe", {"kind": "ple", "levels": 2}]},
    "model.trunk.experts": {"int": [2, 64], "log": True},
}


def tuning(space, search="random", metric="ctr.auc"):
    return TuningConfig.model_validate({"metric": metric, "search": search, "space": space})


def proposals(given, trials, seed=0, score=lambda values: 0.5, kept=(), folder="unused"):
    """Returns the values of all trials, as they stand in a config."""
    oracle = make_oracle(given, trials, seed)
    oracle._set_project_dir(str(folder), "oracle")
    for number, values in enumerate(kept):
        oracle.remember(number, values)
    found = []
    while (trial := oracle.create_trial("one")).status == TrialStatus.RUNNING:
        values = decode(given.space, trial.hyperparameters.values)
        found.append(values)
        outcome = score(values)
        if outcome is None:
            trial.status = TrialStatus.FAILED
        else:
            oracle.update_trial(trial.trial_id, {given.metric: outcome})
            trial.status = TrialStatus.COMPLETED
        oracle.end_trial(trial)
    return found


def hill(values):
    """Best at a learning rate of 0.001."""
    return -abs(math.log10(values["training.learning_rate"]) + 3)


@pytest.mark.parametrize("search", ["random", "bayesian"])
def test_the_same_seed_proposes_the_same_and_another_one_nothing_of_it(search, tmp_path):
    one, same, other = (
        proposals(tuning(LOG, search), 5, seed, hill, folder=tmp_path / str(number))
        for number, seed in enumerate((0, 0, 1))
    )
    assert one == same
    assert len({values["training.learning_rate"] for values in one + other}) == 10


@pytest.mark.parametrize("search", ["random", "bayesian"])
def test_a_search_goes_on_as_if_it_had_not_been_stopped(search, tmp_path):
    given = tuning(LOG, search)
    whole = proposals(given, 5, 3, hill, folder=tmp_path / "whole")
    part = proposals(given, 4, 3, hill, folder=tmp_path / "part")
    assert part == whole[:4]
    assert proposals(given, 5, 3, hill, kept=part, folder=tmp_path / "rest") == whole


def test_values_are_drawn_from_all_of_the_space_and_nothing_else(tmp_path):
    found = proposals(tuning(MIXED), 300, folder=tmp_path)
    assert len(found) == 300
    rates = sorted(values["training.learning_rate"] for values in found)
    assert 1e-4 <= rates[0] < 1.1e-4 and 9e-3 < rates[-1] <= 1e-2
    assert 0.4 < sum(rate < 1e-3 for rate in rates) / 300 < 0.6  # evenly by the logarithm
    assert all(rate == float(f"{rate:.4g}") for rate in rates)
    experts = {values["model.trunk.experts"] for values in found}
    assert min(experts) == 2 and max(experts) <= 64
    units = collections.Counter(str(values["model.units"]) for values in found)
    assert set(units) == {"[8]", "[16]", "[32]"} and min(units.values()) > 70
    trunks = [values["model.trunk"] for values in found]
    assert {"kind": "ple", "levels": 2} in trunks and "mmoe" in trunks


def test_nothing_is_tried_twice_and_a_space_comes_to_its_end(tmp_path):
    space = {"training.epochs": {"int": [1, 3]}, "model.units": {"choice": [[8], [16]]}}
    found = proposals(tuning(space), 50, folder=tmp_path)
    assert len(found) == 6
    assert len({(values["training.epochs"], *values["model.units"]) for values in found}) == 6


def test_a_bayesian_search_that_would_repeat_itself_draws_something_new(tmp_path):
    space = {"training.epochs": {"int": [1, 8]}}
    found = proposals(tuning(space, "bayesian"), 50, score=lambda _: 1.0, folder=tmp_path)
    assert sorted(values["training.epochs"] for values in found) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(("metric", "sign"), [("ctr.auc", 1), ("ctr.log_loss", -1)])
def test_a_bayesian_search_climbs_in_the_direction_of_the_metric(metric, sign, tmp_path):
    found = proposals(
        tuning(LOG, "bayesian", metric), 12, 1, lambda v: sign * hill(v), folder=tmp_path
    )
    drawn, asked = found[:3], found[3:]
    assert max(map(hill, asked)) > -0.02 > max(map(hill, drawn))


def test_the_greatest_int_is_not_exceeded_where_the_best_lies_beyond(tmp_path):
    space = {"model.trunk.experts": {"int": [2, 64], "log": True}}
    found = proposals(
        tuning(space, "bayesian"), 8, score=lambda v: v["model.trunk.experts"], folder=tmp_path
    )
    assert max(values["model.trunk.experts"] for values in found) == 64


def test_failures_stop_no_search_and_teach_it_nothing(tmp_path):
    given = tuning(LOG, "bayesian")

    def score(values):
        return None if values["training.learning_rate"] > 1e-3 else hill(values)

    assert len(proposals(given, 6, 0, score, folder=tmp_path / "some")) == 6
    assert len(proposals(given, 6, 0, lambda _: None, folder=tmp_path / "none")) == 6


def test_choices_cross_kerastuner_as_json():
    space = tuning(MIXED).space
    values = {"model.trunk": {"kind": "ple", "levels": 2}, "model.trunk.experts": 4}
    assert encode(space, values) == {
        "model.trunk": '{"kind": "ple", "levels": 2}', "model.trunk.experts": 4,
    }  # fmt: skip
    assert decode(space, encode(space, values)) == values
