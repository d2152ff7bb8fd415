"""Trains one ranking model and exports it: the `run_fn` of TFX's Trainer.

Only functions live here, since TFX reloads this module.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from models.calibration import fit_calibration
from models.checkpoints import discard
from models.diagnostics import diagnose
from models.importance import importance
from models.inputs import batched, in_order, input_spec
from models.job import Job, single_tasks_job
from models.ranking_model import RankingModel
from models.sample import sample
from models.seesaw import compare
from models.signatures import ServingModel
from models.spec import DIAGNOSTICS_FILE, SPEC_FILE, ModelSpec
from models.training import train_model
from models.training_state import complete_state, state_folder
from models.unseen import unseen
from models.warm_start import read_base
from schemas.features import Categorical
from schemas.heads import outputs

_BATCHES_LOOKED_AT = 8


# TFX's Trainer calls this function.
def run_fn(fn_args: FnArgs) -> None:
    """Trains on the transformed training split and exports the model with its transforms."""
    spec = ModelSpec.model_validate_json(fn_args.custom_config["spec"])
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
        vocabularies=_vocabularies(spec, transform),
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
    check_export(model, spec, evaluation, fn_args.serving_model_dir)
    complete_state(job.state, spec, job.vocabularies, fn_args.serving_model_dir)
    discard(directory)


def _files(patterns: Iterable[str]) -> list[str]:
    return sorted(tf.io.gfile.glob(list(patterns)))


def _vocabularies(spec: ModelSpec, transform: tft.TFTransformOutput) -> dict[str, str]:
    """Returns by feature the file of its known values."""
    found = {
        name: transform.vocabulary_file_by_name(name)
        for name, feature in spec.features.items()
        if isinstance(feature, Categorical) and feature.vocabulary is not None
    }
    return {name: file for name, file in found.items() if file is not None}


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


def export(
    model: RankingModel, transform: tft.TFTransformOutput, spec: ModelSpec, directory: str
) -> None:
    """Writes the SavedModel and, beside it, the spec that made it."""
    serving = ServingModel(model, transform, spec)
    tf.saved_model.save(serving, directory, signatures=serving.signatures())
    extra = f"{directory}/assets.extra"
    tf.io.gfile.makedirs(extra)
    with tf.io.gfile.GFile(f"{extra}/{SPEC_FILE}", "w") as file:
        file.write(spec.model_dump_json(indent=1))


def check_export(
    model: RankingModel, spec: ModelSpec, evaluation: list[str], directory: str
) -> None:
    """Checks that the exported model gives the answers of the trained one.

    Raises:
        ValueError: if an answer on the first evaluation batch differs by more than 1e-6.
    """
    batch = next(iter(_batches(spec, evaluation).unbatch().batch(256)), None)
    if batch is None:
        raise ValueError("the evaluation split holds no examples: is the last span empty?")
    packed = {name: batch[0][name] for name in input_spec(spec.layout())}
    trained = model.answers(packed)
    loaded = tf.saved_model.load(directory)  # owns the variables: kept until the answers are there
    exported = loaded.score_packed(packed)
    for output in outputs(spec.heads):
        gap = float(np.max(np.abs(exported[output.name] - trained[output.name])))
        if not gap <= 1e-6:
            raise ValueError(
                f"the exported {output.name} differs from the trained model's by {gap:.2g}; "
                "at most 1e-6 is allowed"
            )
