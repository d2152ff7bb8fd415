import gc
import json
import logging

import pytest
import tensorflow as tf
from tfx.components.trainer.fn_args_utils import FnArgs

from models.inputs import batched, in_order
from models.progress import LOGGER
from models.ranking_model import RankingModel
from models.training import Job, train_model
from models.tuner import trained_metric, trial_of, tuner_fn
from models.tuning.trials import Journal
from models.validation import figures

TUNING = {
    "metric": "ctr.auc",
    "seeds": 2,
    "space": {
        "training.learning_rate": {"float": [1e-3, 1e-1], "log": True},
        "model.trunk": {"choice": ["shared_bottom", "mmoe"]},
    },
}


@pytest.fixture
def arguments(tiny, tmp_path):
    """What TFX's Tuner hands over; the training rows are the validation rows too."""

    def make(trials=2, seed=0, spec=tiny.spec, **tuning):
        return FnArgs(
            train_files=tiny.files,
            eval_files=tiny.files,
            transform_graph_path=tiny.graph,
            custom_config={
                "spec": spec.model_dump_json(),
                "tuning": json.dumps(TUNING | tuning),
                "trials": trials,
                "seed": seed,
                "folder": str(tmp_path / "tuning"),
            },
        )

    return make


def search(arguments):
    result = tuner_fn(arguments)
    result.tuner.search(**result.fit_kwargs)
    return result.tuner


def folders(tmp_path):
    return sorted(path for path in (tmp_path / "tuning").iterdir())


def test_a_trial_is_the_spec_with_its_values_and_the_seed_of_its_number(tiny):
    spec = trial_of(tiny.spec, {"model.trunk.experts": 5, "training.learning_rate": 0.5}, 2)
    assert spec.model.trunk.experts == 5
    assert (spec.training.learning_rate, spec.training.seed) == (0.5, tiny.spec.training.seed + 2)
    assert spec.model_copy(
        update={"model": tiny.spec.model, "training": tiny.spec.training}
    ) == tiny.spec  # fmt: skip


def test_the_metric_is_that_of_the_trained_model_on_the_validation_rows(tiny, tmp_path):
    found = trained_metric(tiny.spec, "ctr.log_loss", tiny.files, tiny.files, tmp_path / "a")
    job = Job(
        spec=tiny.spec, train=tiny.files, directory=str(tmp_path / "b"), log_dir=str(tmp_path / "c")
    )
    model, _ = train_model(job, job.data())
    rows = batched(in_order(tiny.files), tiny.spec.layout(), 2, 4)
    assert found == figures([model], tiny.spec.heads, rows)[0]["ctr"]["log_loss"]


def test_a_training_that_may_stop_early_is_judged_by_its_best_weights(tiny, tmp_path):
    stopping = {"metric": "ctr.log_loss", "every": 1, "patience": 1}
    training = tiny.spec.training.model_copy(update={"epochs": 20, "learning_rate": 0.5})
    stopped = type(training).model_validate(training.model_dump() | {"early_stopping": stopping})
    early, late = (
        trained_metric(
            tiny.spec.model_copy(update={"training": one}),
            "ctr.log_loss", tiny.files, tiny.files, tmp_path / name,
        )
        for one, name in ((stopped, "stopped"), (training, "late"))
    )  # fmt: skip
    assert early != late


def test_a_metric_that_the_validation_rows_do_not_tell_is_an_error_with_the_way_out(tiny, tmp_path):
    one = str(tmp_path / "one.gz")
    record = next(iter(tf.data.TFRecordDataset(tiny.files, "GZIP"))).numpy()
    with tf.io.TFRecordWriter(one, "GZIP") as writer:
        writer.write(record)
    with pytest.raises(ValueError) as error:
        trained_metric(tiny.spec, "ctr.auc", tiny.files, [one], tmp_path / "a")
    assert str(error.value) == (
        "ctr.auc cannot be told on the validation split: it has no rows of ctr, or of one class "
        "alone. Give it more spans, or a greater share"
    )


def test_a_search_trains_its_trials_and_lets_go_of_them(arguments, tmp_path):
    others = {id(one) for one in gc.get_objects() if isinstance(one, RankingModel)}
    found = search(arguments(trials=1))
    (folder,) = folders(tmp_path)
    trials = Journal(folder).read()
    assert [len(trial.scores) for trial in trials.values()] == [2]
    assert all(0 <= score <= 1 for trial in trials.values() for score in trial.scores)
    assert found.get_best_hyperparameters()[0].values.keys() == TUNING["space"].keys()
    assert list((folder / "training").iterdir()) == []
    left = {id(one) for one in gc.get_objects() if isinstance(one, RankingModel)}
    assert left <= others


def test_the_same_search_is_gone_on_with_and_says_nothing(arguments, tmp_path, caplog):
    caplog.set_level(logging.INFO, LOGGER)
    search(arguments(trials=1, seeds=1))
    search(arguments(trials=2, seeds=1))
    assert len(folders(tmp_path)) == 1
    news = [record.news for record in caplog.records if hasattr(record, "news")]
    assert news == ["1 trial kept from before"]


def test_a_changed_search_starts_anew_and_says_what_changed(arguments, tiny, tmp_path, caplog):
    caplog.set_level(logging.INFO, LOGGER)
    tuner_fn(arguments())
    tuner_fn(arguments(spec=tiny.spec.model_copy(update={"score": None})))  # no model is changed
    assert len(folders(tmp_path)) == 1
    tuner_fn(arguments(seeds=1))
    tuner_fn(arguments(seeds=1, seed=5))
    tuner_fn(arguments(seeds=1, seed=5, spec=tiny.spec.model_copy(update={"code": "x"})))
    news = [record.news for record in caplog.records if hasattr(record, "news")]
    assert [text.split(" changed;")[0] for text in news] == [
        "a new search, as `tuning`",
        "a new search, as the seed",
        "a new search, as the code",
    ]


def test_a_training_that_diverges_fails_its_trial_and_not_the_search(arguments, tmp_path):
    space = {"training.learning_rate": {"choice": [1e-3, 1e30]}}
    search(arguments(trials=2, seeds=1, space=space))
    (folder,) = folders(tmp_path)
    trials = Journal(folder).read().values()
    failures = {trial.values["training.learning_rate"]: trial.failure for trial in trials}
    assert failures[1e-3] is None
    assert "at step" in failures[1e30]
    assert list((folder / "training").iterdir()) == []
