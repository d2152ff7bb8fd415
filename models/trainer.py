"""Trains one ranking model and exports it: the `run_fn` of TFX's Trainer.

Only functions live here, since TFX reloads this module.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from models.calibration import fit_calibration
from models.checkpoints import discard
from models.diagnostics import diagnose
from models.export import check_export, export
from models.importance import importance
from models.inputs import batched, in_order
from models.job import Job, single_tasks_job
from models.learnt import spec_of_run, vocabularies
from models.ranking_model import RankingModel
from models.sample import sample
from models.seesaw import compare
from models.spec import DIAGNOSTICS_FILE, ModelSpec
from models.training import train_model
from models.training_state import complete_state, state_folder
from models.unseen import unseen
from models.warm_start import read_base

_BATCHES_LOOKED_AT = 8


# TFX's Trainer calls this function.
def run_fn(fn_args: FnArgs) -> None:
    """Trains on the transformed training split and exports the model with its transforms."""
    spec = spec_of_run(fn_args.custom_config["spec"], fn_args.transform_graph_path)
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    train = _files(fn_args.train_files)
    validation, evaluation = _parted(_files(fn_args.eval_files))
    base = read_base(fn_args.base_model) if fn_args.base_model else None
    key = _run_key(spec, [*train, *validation, str(base and base.version)])
    directory = str(PurePosixPath(fn_args.custom_config["checkpoints"]) / key)
    job = Job(
        spec=spec,
        train=train,
        validation=validation,
        directory=directory,
        log_dir=fn_args.model_run_dir,
        base=base,
        vocabularies=vocabularies(transform, spec),
        state=state_folder(fn_args.serving_model_dir),
    )
    data = job.data()
    model, progress = train_model(job, data)
    diagnostics: dict[str, Any] = {
        "curves": progress.curves,
        "validations": [one.model_dump() for one in progress.validations],
    }
    if progress.start is not None:
        diagnostics["warm_start"] = progress.start
    if spec.model.calibration != "none":
        fitted = fit_calibration(model, data.held_back())
        diagnostics["calibration"] = {name: dataclasses.asdict(f) for name, f in fitted.items()}
    diagnostics |= diagnose(model, _batches(spec, evaluation).take(_BATCHES_LOOKED_AT))
    diagnostics |= _of_features(model, spec, train, evaluation)
    if spec.training.compare_single_tasks:
        alone, _ = train_model(single_tasks_job(job), data)
        diagnostics["seesaw"] = compare(model, alone, spec.heads, _batches(spec, evaluation))
    _write_json(f"{fn_args.model_run_dir}/{DIAGNOSTICS_FILE}", diagnostics)
    export(model, transform, spec, fn_args.serving_model_dir)
    check_export(model, spec, _batches(spec, evaluation), fn_args.serving_model_dir)
    complete_state(job.state, spec, job.vocabularies, fn_args.serving_model_dir)
    discard(directory)


def _files(patterns: Iterable[str]) -> list[str]:
    return sorted(tf.io.gfile.glob(list(patterns)))


def _parted(files: list[str]) -> tuple[list[str], list[str]]:
    """Returns the files of the validation split, and those of the evaluation split."""
    validation = [file for file in files if PurePosixPath(file).parent.name == "Split-validation"]
    return validation, [file for file in files if file not in validation]


def _run_key(spec: ModelSpec, files: list[str]) -> str:
    """Returns the name of a run's checkpoints: same data and spec, same name."""
    return hashlib.sha256(json.dumps([spec.model_dump_json(), files]).encode()).hexdigest()[:16]


def _batches(spec: ModelSpec, files: list[str]) -> tf.data.Dataset:
    size = spec.training.batch_size
    return batched(in_order(files), spec.layout(), len(spec.targets), size)


def _of_features(
    model: RankingModel, spec: ModelSpec, train: list[str], evaluation: list[str]
) -> dict[str, Any]:
    """Returns what each feature is worth, and how many of its values are unknown."""
    seen, judged = (sample(_batches(spec, files)) for files in (train, evaluation))
    splits = {"train": seen[0], "eval": judged[0]}
    return {
        "importance": importance(model, spec.heads, judged, spec.training.seed),
        "unseen": unseen(spec.features, spec.layout(), splits),
    }


def _write_json(path: str, content: object) -> None:
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(content, indent=1))
