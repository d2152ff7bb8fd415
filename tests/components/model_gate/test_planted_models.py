"""Models whose faults are known, judged on simulated rows by the evaluation that runs use."""

import dataclasses

import numpy as np
import pytest
from scipy import special, stats

from components.model_gate.judgement import judge
from evaluation.figures import BASELINE, CANDIDATE, CONSTANT, Evaluation, SliceFigures
from evaluation.rows import FOLDS, Rows
from evaluation.tally import OutputTally
from schemas.evaluation import EvaluationConfig
from schemas.gates import Bar, parse_gate
from schemas.measurable import Measurable

KNOWN = Measurable({"ctr": "rate"}, EvaluationConfig(user="user"), (("device",),))
# How far predictions are off, as log-odds.
NOISE = 0.7


@dataclasses.dataclass(frozen=True)
class Shop:
    """Impressions of users who differ in how readily they click."""

    user: np.ndarray
    device: np.ndarray
    log_odds: np.ndarray
    label: np.ndarray

    def predictions(self, rng, noise=NOISE):
        """Probabilities by a model that sees log-odds through noise and makes the best of it."""
        mean, variance = self.log_odds.mean(), self.log_odds.var()
        seen = self.log_odds + rng.normal(size=len(self.label)) * noise
        trust = variance / (variance + noise**2)
        shrunk = mean + (seen - mean) * trust
        # The mean of the probabilities behind it (MacKay, 1992), so that it is calibrated.
        return special.expit(shrunk / np.sqrt(1 + np.pi / 8 * noise**2 * trust))

    def evaluation(self, models):
        """What the evaluation finds of predictions by model, over all rows and by device."""
        places = [({}, np.ones(len(self.user), bool))]
        places += [({"device": name}, self.device == name) for name in np.unique(self.device)]
        slices = [
            SliceFigures(slice=values, outputs={"ctr": self.figures(models, kept)})
            for values, kept in places
        ]
        return Evaluation(models=tuple(models), slices=tuple(slices))

    def figures(self, models, kept):
        tally = OutputTally("rate", tuple(models))
        columns = {name: column[kept] for name, column in models.items()}
        user = self.user[kept]
        tally.add(Rows(self.label[kept], np.ones(len(user)), columns, user % FOLDS, user))
        return tally.summary(curves=False)


def shop(rng, users=2000, each=10):
    user = np.repeat(np.arange(users), each)
    log_odds = -1.0 + np.repeat(rng.normal(size=users) * 0.7, each) + rng.normal(size=len(user))
    label = (rng.random(len(user)) < special.expit(log_odds)).astype(float)
    # Ten users have a watch: too few rows to say much.
    device = np.where(user < users // 2, "phone", np.where(user < users - 10, "tv", "watch"))
    return Shop(user, device, log_odds, label)


def said(evaluation, **bars):
    """The verdicts by name of `auc`, `calibration`, ...: a bar, or several."""
    gates = [
        parse_gate(f"ctr.{name}", Bar.model_validate(bar), KNOWN)
        for name, given in bars.items()
        for bar in (given if isinstance(given, list) else [given])
    ]
    return judge(gates, evaluation)


GATES = {
    "auc": [">= 0.7 with 95% confidence", "not worse than baseline"],
    "log_loss": ["not worse than baseline", "<= constant * 0.95 with 95% confidence"],
    "calibration": "0.9 .. 1.1 with 95% confidence",
    "auc[device=*]": {"bar": "not worse than baseline", "min_positives": 100},
}


@pytest.fixture(scope="module")
def seen():
    return shop(np.random.default_rng(11))


@pytest.fixture(scope="module")
def refusals(seen):
    """Judges a model's predictions beside a baseline; returns what refused it, and all verdicts."""
    baseline = seen.predictions(np.random.default_rng(12))
    constant = np.full(len(seen.label), seen.label.mean())

    def run(candidate, first=False):
        models = {CANDIDATE: candidate, CONSTANT: constant}
        if not first:
            models[BASELINE] = baseline
        verdicts = said(seen.evaluation(models), **GATES)
        return [f"{found.name} {found.bar}" for found in verdicts if not found.passed], verdicts

    return run


@pytest.fixture(scope="module")
def equal(seen):
    return seen.predictions(np.random.default_rng(13))


def test_an_equal_model_passes_and_few_rows_say_nothing(refusals, equal):
    refused, verdicts = refusals(equal)
    assert refused == []
    (watch,) = [found for found in verdicts if found.name == "ctr.auc[device=watch]"]
    assert (watch.spoke, watch.said.endswith("of 100 positives")) == (False, True)
    assert sum(found.spoke for found in verdicts) == len(verdicts) - 1 == 7


def test_the_baseline_itself_passes(refusals, seen):
    assert refusals(seen.predictions(np.random.default_rng(12)))[0] == []


def test_a_better_model_passes(refusals, seen):
    assert refusals(seen.predictions(np.random.default_rng(14), noise=0.3))[0] == []


def test_a_worse_model_is_refused_though_it_reaches_the_absolute_bars(refusals, seen):
    refused, _ = refusals(seen.predictions(np.random.default_rng(15), noise=0.95))
    assert set(refused) >= {
        "ctr.auc not worse than baseline", "ctr.log_loss not worse than baseline"
    }  # fmt: skip
    assert not [found for found in refused if "with 95%" in found]


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_one_prediction_that_is_no_number_refuses_a_model_at_every_gate(refusals, equal, broken):
    candidate = equal.copy()
    candidate[0] = broken
    refused, verdicts = refusals(candidate)
    # The first row is of a phone: the figures of the television are as they were.
    whole = [found for found in verdicts if found.spoke and "tv" not in found.name]
    assert refused == [f"{found.name} {found.bar}" for found in whole]
    assert len(refused) == 6


def test_a_miscalibrated_model_is_refused_for_that_though_it_ranks_as_well(refusals, equal):
    refused, verdicts = refusals(np.clip(equal * 1.25, 0, 1))
    assert "ctr.calibration 0.9 .. 1.1 with 95% confidence" in refused
    assert not [found for found in refused if found.startswith("ctr.auc")]
    (calibration,) = [found for found in verdicts if found.name == "ctr.calibration"]
    assert 1.2 < calibration.value < 1.3


def test_a_model_that_is_worse_on_one_device_is_refused_there_and_nowhere_else(
    refusals, seen, equal
):
    worse = seen.predictions(np.random.default_rng(16), noise=0.9)
    better = seen.predictions(np.random.default_rng(17), noise=0.5)
    refused, verdicts = refusals(np.where(seen.device == "tv", worse, better))
    assert refused == ["ctr.auc[device=tv] not worse than baseline"]
    assert [found.passed for found in verdicts if found.name == "ctr.auc[device=phone]"] == [True]


def test_a_first_model_is_judged_by_the_absolute_gates(refusals, seen, equal):
    refused, verdicts = refusals(equal, first=True)
    assert refused == []
    assert [found.name for found in verdicts if found.said == "no baseline yet"] == [
        "ctr.auc", "ctr.log_loss", "ctr.auc[device=phone]", "ctr.auc[device=tv]"
    ]  # fmt: skip
    refused, _ = refusals(seen.predictions(np.random.default_rng(18), noise=2.0), first=True)
    assert refused == [
        "ctr.auc >= 0.7 with 95% confidence",
        "ctr.log_loss <= constant * 0.95 with 95% confidence",
    ]


SEEDS = 200


@pytest.fixture(scope="module")
def often():
    """Evaluations of an equal and a worse model beside a baseline, in many small shops."""
    found = {"equal": [], "worse": []}
    rng = np.random.default_rng(21)
    for _ in range(SEEDS):
        seen = shop(rng, users=200, each=5)
        baseline = seen.predictions(rng)
        for name, noise in (("equal", NOISE), ("worse", 1.25)):
            models = {CANDIDATE: seen.predictions(rng, noise), BASELINE: baseline}
            figures = seen.figures(models, np.ones(len(seen.user), bool))
            slices = (SliceFigures(slice={}, outputs={"ctr": figures}),)
            found[name].append(Evaluation(models=tuple(models), slices=slices))
    return found


def passing(evaluations, metric, bar):
    """The 99 % interval of the share that passes: a dozen such claims hold at once."""
    passed = sum(said(evaluation, **{metric: bar})[0].passed for evaluation in evaluations)
    return stats.binomtest(passed, SEEDS).proportion_ci(0.99, "wilson")


@pytest.mark.parametrize("metric", ["auc", "pr_auc", "log_loss", "ne", "gauc"])
def test_an_equal_model_is_said_to_be_worse_once_in_twenty(often, metric):
    share = passing(often["equal"], metric, "not worse than baseline")
    assert share.low <= 0.95 <= share.high


def test_an_equally_calibrated_model_is_said_to_be_worse_no_more_than_once_in_twenty(often):
    assert passing(often["equal"], "calibration", "not worse than baseline").high >= 0.95


@pytest.mark.parametrize("metric", ["auc", "log_loss"])
def test_a_model_that_is_three_standard_errors_worse_is_refused_four_times_in_five(often, metric):
    verdicts = [said(found, **{metric: ">= baseline"})[0] for found in often["worse"]]
    apart = np.array([verdict.value - verdict.baseline for verdict in verdicts])
    assert 2.7 < abs(apart.mean()) / apart.std() < 3.4
    assert passing(often["worse"], metric, "not worse than baseline").high < 0.2


@pytest.mark.parametrize(
    ("metric", "bar"),
    [("auc", ">= baseline with 95% confidence"), ("log_loss", "<= baseline with 95% confidence"),
     ("calibration", ">= 1 with 95% confidence"), ("calibration", "<= 1 with 95% confidence")],
)  # fmt: skip
def test_a_model_that_just_reaches_a_bar_is_sure_to_do_so_once_in_twenty(often, metric, bar):
    share = passing(often["equal"], metric, bar)
    assert share.low <= 0.05 <= share.high


def test_within_a_band_that_ends_at_the_truth_it_is_once_in_forty(often):
    share = passing(often["equal"], "calibration", "1 .. 9 with 95% confidence")
    assert share.low <= 0.025 <= share.high


def test_an_equal_model_is_no_worse_than_by_four_standard_errors_for_sure(often):
    errors = [found.overall["ctr"].differences[BASELINE]["auc"].error for found in often["equal"]]
    bar = f">= baseline - {4 * np.mean(errors):.5f} with 95% confidence"
    assert passing(often["equal"], "auc", bar).low > 0.8
