"""Trains one ranking model and exports it: the `run_fn` of TFX's Trainer.

Only functions live here, since TFX reloads this module.
"""

import hashlib
import json
import logging
import time
from pathlib import PurePosixPath

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from models import inputs, progress
from models.checkpoints import Checkpoints
from models.optimizers import make_optimizer
from models.ranking_model import RankingModel
from models.signatures import ServingModel
from models.spec import SPEC_FILE, ModelSpec
from schemas.heads import outputs


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
    directory = PurePosixPath(fn_args.custom_config["checkpoints"]) / _run_key(spec, train)
    fit(model, spec, train, evaluation, str(directory), fn_args.model_run_dir)
    export(model, transform, spec, fn_args.serving_model_dir)
    check_export(model, spec, evaluation, fn_args.serving_model_dir)
    if tf.io.gfile.exists(str(directory)):
        tf.io.gfile.rmtree(str(directory))


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


def fit(
    model: RankingModel,
    spec: ModelSpec,
    train: list[str],
    evaluation: list[str],
    checkpoint_dir: str,
    log_dir: str,
) -> None:
    """Trains `model` for the spec's epochs, going on from the last checkpoint if there is one."""
    layout, training = spec.layout(), spec.training
    examples = inputs.count_examples(train)
    if examples == 0:
        raise ValueError("the training split holds no examples: is the first span empty?")
    steps = -(-examples // training.batch_size)
    model.compile(optimizer=make_optimizer(model, training, steps * training.epochs))
    checkpoints = Checkpoints(model, checkpoint_dir, every=training.checkpoint_every)
    done = checkpoints.restore()
    callbacks = [
        checkpoints,
        progress.Progress(done, steps * training.epochs, training.batch_size),
        tf.keras.callbacks.TensorBoard(log_dir, update_freq=max(1, min(100, steps // 20))),
    ]
    started = time.monotonic()
    for epoch in range(done // steps, training.epochs):
        model.fit(
            inputs.dataset(
                train,
                layout,
                len(spec.labels),
                training.batch_size,
                seed=training.seed + epoch,
                skip_batches=done % steps if epoch == done // steps else 0,
            ),
            initial_epoch=epoch,
            epochs=epoch + 1,
            validation_data=inputs.dataset(
                evaluation, layout, len(spec.labels), training.batch_size
            ),
            callbacks=callbacks,
            verbose=0,
        )
    seconds = time.monotonic() - started
    logging.getLogger(progress.LOGGER).info(
        "trained %d examples in %.1f s", examples * training.epochs, seconds
    )


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
    batch = next(iter(inputs.dataset(evaluation, spec.layout(), len(spec.labels), 256)), None)
    if batch is None:
        raise ValueError("the evaluation split holds no examples: is the last span empty?")
    trained = model.probabilities(model(batch[0], training=False))
    loaded = tf.saved_model.load(directory)  # owns the variables: kept until the answers are there
    exported = loaded.score_packed(batch[0])
    for output in outputs(spec.heads):
        gap = float(np.max(np.abs(exported[output.name] - trained[output.name])))
        if not gap <= 1e-6:
            raise ValueError(
                f"the exported {output.name} differs from the trained model's by {gap:.2g}; "
                "at most 1e-6 is allowed"
            )
