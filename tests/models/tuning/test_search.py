import json
import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from models.progress import LOGGER
from models.tuning.config import TuningConfig
from models.tuning.search import Search
from models.tuning.trials import Journal

ROOT = Path(__file__).resolve().parents[3]
TUNING = TuningConfig.model_validate(
    {
        "metric": "ctr.auc",
        "seeds": 2,
        "space": {
            "training.learning_rate": {"float": [0.1, 0.9]},
            "model.units": {"choice": [[8], [16]]},
        },
    }
)
# Trains until the fourth call, and dies in that one as by `kill -9`.
KILLED = """
import json, os, signal, sys
from pathlib import Path
from models.tuning.config import TuningConfig
from models.tuning.search import Search
calls = []
def train(values, seed):
    calls.append(seed)
    if len(calls) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return values["training.learning_rate"] + seed / 100
tuning = TuningConfig.model_validate_json(sys.argv[1])
Search(tuning, 4, 0, Path(sys.argv[2]), train, (ArithmeticError,)).search()
"""


class Training:
    """Answers the learning rate, and a hundredth a seed; fails where it is told to."""

    def __init__(self, fails=lambda values: False):
        self.calls = []
        self._fails = fails

    def __call__(self, values, seed):
        self.calls.append((values["training.learning_rate"], seed))
        if self._fails(values):
            raise FloatingPointError("the loss of ctr is nan\nat step 3")
        return values["training.learning_rate"] + seed / 100


def searched(folder, trials, training, seed=0, failures=(FloatingPointError,)):
    search = Search(TUNING, trials, seed, folder, training, failures)
    search.search()
    return search


def kept(folder):
    return {
        number: (dict(trial.values), trial.scores)
        for number, trial in Journal(folder).read().items()
    }


@pytest.fixture
def whole(tmp_path):
    """The trials of a search that nothing stopped."""
    searched(tmp_path / "whole", 4, Training())
    return kept(tmp_path / "whole")


def test_every_trial_is_trained_with_every_seed_and_the_mean_judges(tmp_path):
    training = Training()
    search = searched(tmp_path, 3, training)
    assert [seed for _, seed in training.calls] == [0, 1] * 3
    trials = Journal(tmp_path).read()
    assert list(trials) == [0, 1, 2]
    best = max(trials.values(), key=lambda trial: trial.values["training.learning_rate"])
    assert best.mean == pytest.approx(best.values["training.learning_rate"] + 0.005)
    # What TFX's Tuner asks for.
    chosen = search.get_best_hyperparameters()[0].values
    assert chosen["training.learning_rate"] == best.values["training.learning_rate"]
    assert json.loads(chosen["model.units"]) == best.values["model.units"]
    assert search.oracle.get_best_trials(1)[0].score == pytest.approx(best.mean)


def test_more_trials_are_added_to_those_there_are(tmp_path, whole):
    first, second, third = Training(), Training(), Training()
    searched(tmp_path / "parts", 2, first)
    searched(tmp_path / "parts", 4, second)
    searched(tmp_path / "parts", 4, third)
    assert [len(one.calls) for one in (first, second, third)] == [4, 4, 0]
    assert kept(tmp_path / "parts") == whole


def test_a_search_that_is_killed_goes_on_from_the_last_finished_training(tmp_path, whole):
    arguments = [TUNING.model_dump_json(by_alias=True), str(tmp_path / "killed")]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], cwd=ROOT, capture_output=True, text=True
    )
    # In the second training of the second trial.
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    rest = Training()
    searched(tmp_path / "killed", 4, rest)
    assert len(rest.calls) == 5
    assert kept(tmp_path / "killed") == whole


def test_half_a_file_of_kerastuners_does_no_harm(tmp_path, whole):
    searched(tmp_path / "whole", 3, Training())
    for path in (tmp_path / "whole" / "keras_tuner").rglob("*.json"):
        path.write_text(path.read_text()[:20])
    training = Training()
    searched(tmp_path / "whole", 5, training)
    assert len(training.calls) == 2
    assert kept(tmp_path / "whole")[3] == whole[3]


def test_a_trial_that_fails_is_kept_with_its_reason_and_the_search_goes_on(tmp_path):
    training = Training(fails=lambda values: values["model.units"] == [8])
    search = searched(tmp_path, 6, training)
    trials = Journal(tmp_path).read().values()
    failed = [trial for trial in trials if trial.failure]
    assert len(trials) == 6 and 0 < len(failed) < 6
    assert {trial.failure for trial in failed} == {"the loss of ctr is nan at step 3"}
    assert all(trial.values["model.units"] == [8] for trial in failed)
    # The other seeds of a trial that failed are not trained.
    assert len(training.calls) == len(failed) + 2 * (6 - len(failed))
    assert json.loads(search.get_best_hyperparameters()[0].values["model.units"]) == [16]
    again = Training()
    searched(tmp_path, 6, again)
    assert again.calls == []


def test_a_search_without_one_trial_that_could_be_trained_is_an_error(tmp_path):
    with pytest.raises(ValueError) as error:
        searched(tmp_path, 5, Training(fails=lambda values: True))
    assert str(error.value) == (
        "no trial could be trained (5 tried). The first: the loss of ctr is nan at step 3"
    )


def test_an_error_that_is_not_the_values_own_ends_the_search_and_a_rerun_tries_again(tmp_path):
    def full(values, seed):
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        searched(tmp_path, 2, full)
    assert kept(tmp_path) == {}
    searched(tmp_path, 2, Training())
    assert len(kept(tmp_path)) == 2


def test_a_search_tells_what_begins_and_what_is_done(tmp_path, caplog):
    caplog.set_level(logging.INFO, LOGGER)
    searched(tmp_path, 1, Training())
    searched(tmp_path, 2, Training())
    told = [
        (
            getattr(record, "news", None),
            getattr(record, "begins", None) and len(record.begins.scores),
            getattr(record, "done_trial", None) and (record.done_trial.number, record.kept),
        )
        for record in caplog.records
    ]
    begins = [(None, 0, None), (None, 1, None)]
    assert told == [
        *begins, (None, None, (0, False)),
        ("1 trial kept from before", None, None), (None, None, (0, True)),
        *begins, (None, None, (1, False)),
    ]  # fmt: skip
