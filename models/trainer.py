"""Trains one ranking model and exports it: the `run_fn` of TFX's Trainer.

Only functions live here, since TFX reloads this module.
"""

import dataclasses
import hashlib
import json
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from models.calibration import fit_calibration
from models.diagnostics import diagnose
from models.fitting import fit, fit_scales
from models.inputs import batched, in_order, input_spec
from models.ranking_model import RankingModel
from models.seesaw import compare, single_tasks
from models.signatures import ServingModel
from models.spec import DIAGNOSTICS_FILE, SPEC_FILE, ModelSpec
from models.training_data import TrainingData
from schemas.heads import outputs

_BATCHES_LOOKED_AT = 8


# TFX's Trainer calls this function.
def run_fn(fn_args: FnArgs) -> None:
    """Trains on the transformed training split and exports the model with its transforms."""
    spec = ModelSpec.model_validate_json(fn_args.custom_config["spec"])
    choose_accelerator(spec.training.accelerator)
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    tf.keras.utils.set_random_seed(spec.training.seed)
    train, evaluation = (
        sorted(tf.io.gfile.glob(list(patterns)))
        for patterns in (fn_args.train_files, fn_args.eval_files)
    )
    model = RankingModel(spec.layout(), spec.heads, spec.model, spec.training.seed, spec.unclicked)
    directory = str(PurePosixPath(fn_args.custom_config["checkpoints"]) / _run_key(spec, train))
    data = TrainingData(spec, train, f"{directory}/rows")
    diagnostics: dict[str, Any] = {}
    if model.scales.names:
        fit_scales(model, data.epoch(0).take(_BATCHES_LOOKED_AT))
    diagnostics["curves"] = fit(
        model, spec, data, evaluation, f"{directory}/steps", fn_args.model_run_dir
    )
    if spec.model.calibration != "none":
        fitted = fit_calibration(model, data.held_back())
        diagnostics["calibration"] = {name: dataclasses.asdict(f) for name, f in fitted.items()}
    diagnostics |= diagnose(model, _batches(spec, evaluation).take(_BATCHES_LOOKED_AT))
    if spec.training.compare_single_tasks:
        diagnostics["seesaw"] = _seesaw(model, spec, data, evaluation, directory, fn_args)
    _write_json(f"{fn_args.model_run_dir}/{DIAGNOSTICS_FILE}", diagnostics)
    export(model, transform, spec, fn_args.serving_model_dir)
    check_export(model, spec, evaluation, fn_args.serving_model_dir)
    if tf.io.gfile.exists(directory):
        tf.io.gfile.rmtree(directory)


def choose_accelerator(wanted: str) -> None:
    """Leaves TensorFlow the devices that `training.accelerator` asks for.

    Args:
        wanted: `auto` takes a GPU if there is one, `cpu` none, `gpu` insists on one.

    Raises:
        ValueError: if a GPU is wanted and TensorFlow sees none.
    """
    if wanted == "cpu":
        tf.config.set_visible_devices([], "GPU")
    elif wanted == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise ValueError(
            "training.accelerator is gpu, but TensorFlow sees none here. "
            "Install the CUDA libraries, or set it to auto"
        )


def _run_key(spec: ModelSpec, files: list[str]) -> str:
    """Returns the name of a run's checkpoints: same data and spec, same name."""
    return hashlib.sha256(json.dumps([spec.model_dump_json(), files]).encode()).hexdigest()[:16]


def _batches(spec: ModelSpec, files: list[str]) -> tf.data.Dataset:
    size = spec.training.batch_size
    return batched(in_order(files), spec.layout(), len(spec.targets), size)


def _seesaw(
    model: RankingModel,
    spec: ModelSpec,
    data: TrainingData,
    evaluation: list[str],
    directory: str,
    fn_args: FnArgs,
) -> dict[str, dict[str, float]]:
    """Trains every head alone on the same rows; returns both AUCs of each output."""
    alone_spec = spec.model_copy(update={"model": single_tasks(spec.model)})
    alone = RankingModel(
        spec.layout(), spec.heads, alone_spec.model, spec.training.seed, spec.unclicked
    )
    logs = f"{fn_args.model_run_dir}/single_tasks"
    alone.scales.copy(model.scales)
    fit(alone, alone_spec, data, evaluation, f"{directory}/single_tasks", logs)
    return compare(model, alone, spec.heads, _batches(spec, evaluation))


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
