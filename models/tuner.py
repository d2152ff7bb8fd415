"""Trains models with other options: the `tuner_fn` of TFX's Tuner.

Only functions live here, since TFX reloads this module.
"""

import gc
import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.components.tuner.component import TunerFnResult

from models.calibration import fit_calibration
from models.checkpoints import Validation, discard
from models.early_stopping import value_of
from models.inputs import batched, in_order
from models.job import Job
from models.learnt import spec_of_run
from models.progress import LOGGER
from models.spec import ModelSpec
from models.training import train_model
from models.tuning.config import TuningConfig
from models.tuning.folder import search_folder
from models.tuning.search import Search
from models.tuning.space import Refused, Values, with_values
from models.validation import figures


# TFX's Tuner calls this function.
def tuner_fn(fn_args: FnArgs) -> TunerFnResult:
    """Returns the search over the transformed training and validation splits."""
    given = fn_args.custom_config
    spec = spec_of_run(given["spec"], fn_args.transform_graph_path)
    tuning = TuningConfig.model_validate_json(given["tuning"])
    train, validation = (
        sorted(tf.io.gfile.glob(list(patterns)))
        for patterns in (fn_args.train_files, fn_args.eval_files)
    )
    folder, news = search_folder(
        Path(given["folder"]),
        {
            "`tuning`": given["tuning"],
            "the seed": str(given["seed"]),
            "the config": spec.model_copy(update={"code": "", "score": None}).model_dump_json(),
            "the data": json.dumps([train, validation]),
            "the code": spec.code,
        },
    )
    if news:
        logging.getLogger(LOGGER).info(news, extra={"news": news})

    # What says that these values cannot be trained; after any other error a rerun tries again.
    failures = (FloatingPointError, Refused, tf.errors.ResourceExhaustedError)

    def train_once(values: Values, number: int) -> float:
        one = trial_of(spec, values, number)
        name = hashlib.sha256(one.model_dump_json().encode()).hexdigest()[:16]
        directory = folder / "training" / name
        try:
            score = trained_metric(one, tuning.metric, train, validation, directory)
        except failures:
            _forget(directory)
            raise
        _forget(directory)
        return score

    search = Search(tuning, given["trials"], given["seed"], folder, train_once, failures)
    return TunerFnResult(tuner=search, fit_kwargs={})


def _forget(directory: Path) -> None:
    """Lets go of what a training that is over left on disk and in memory."""
    discard(str(directory))
    tf.keras.backend.clear_session()
    gc.collect()  # graphs and models hold one another


def trial_of(spec: ModelSpec, values: Values, number: int) -> ModelSpec:
    """Returns the spec of one training: with other values, and the seed of this number."""
    model, training = with_values(spec.model, spec.training, values)
    seeded = training.model_copy(update={"seed": training.seed + number})
    return spec.model_copy(update={"model": model, "training": seeded})


def trained_metric(
    spec: ModelSpec, metric: str, train: Sequence[str], validation: Sequence[str], directory: Path
) -> float:
    """Trains once, calibrated if the spec says so; returns the metric on the validation split.

    Args:
        spec: of the model.
        metric: `<output>.<figure>`.
        train: files of the training split.
        validation: files of the validation split.
        directory: for checkpoints, from which a training that was stopped goes on.

    Raises:
        ValueError: if the validation split does not tell: it has no rows, or one class alone.
        FloatingPointError: if the loss is no finite number.
    """
    job = Job(
        spec=spec,
        train=tuple(train),
        # Looked at while training only where that may stop it.
        validation=tuple(validation) if spec.training.early_stopping else (),
        directory=str(directory),
        log_dir=str(directory / "logs"),
    )
    data = job.data()
    model, progress = train_model(job, data)
    if spec.model.calibration != "none":
        fit_calibration(model, data.held_back())
    rows = batched(in_order(validation), spec.layout(), len(spec.targets), spec.training.batch_size)
    found = figures([model], spec.heads, rows)[0]
    return value_of(metric, Validation(step=progress.steps, figures=found))
