"""One run: what a method is taught, and how it is judged."""

import gc
import time

import numpy as np
import tensorflow as tf

from benchmarks.delays.clicks import LAYOUT, Clicks
from benchmarks.delays.plan import Method, mature
from benchmarks.learning.fit import answers, fit
from evaluation.areas import average_precision, grouped, roc_auc
from models.config import ModelConfig
from models.training_config import TrainingConfig
from schemas.heads import Head, target_columns

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}


def labels(clicks: Clicks, method: Method) -> np.ndarray:
    """Returns the columns that a method learns from, [N, K], as the logs knew them."""
    config = _config(method)
    known = clicks.delay <= (np.inf if method.final else clicks.age)
    known &= np.isfinite(clicks.delay)
    columns = {
        "click": np.ones(len(known)),
        "conversion": known,
        "label_age": np.floor(clicks.age),
        "conversion_delay": np.where(known, np.floor(clicks.delay), np.nan),
        "conversion_mature": mature(clicks),
    }
    names = target_columns(HEADS, config.objective.outcomes)
    return np.stack([columns[name] for name in names], axis=1).astype(np.float32)


def _config(method: Method) -> ModelConfig:
    return ModelConfig(
        trunk="separate",
        objective=method.objective,
        balance={"kind": "fixed", "weights": {"ctr": 0.0}},  # every row is clicked
        units=(32,),
        tower=(),
    )


def run(method: Method, before: Clicks, after: Clicks, seed: int, epochs: int) -> dict[str, float]:
    """Trains a model up to the cut-off; returns its figures on the day after, and CPU seconds."""
    begin = time.process_time()
    taught = before if method.rows is None else before.take(method.rows(before))
    training = TrainingConfig(
        batch_size=512,
        epochs=epochs,
        learning_rate=0.003,
        embedding_learning_rate=0.05,
        seed=seed,
    )
    model = fit(LAYOUT, HEADS, _config(method), training, taught.inputs, labels(taught, method))
    found = figures(answers(model, after.inputs)["cvr"].astype(np.float64), after.rate)
    # Graphs of models past would pile up.
    del model
    tf.keras.backend.clear_session()
    gc.collect()
    return {**found, "seconds": round(time.process_time() - begin, 2)}


def figures(guess: np.ndarray, rate: np.ndarray) -> dict[str, float]:
    """Returns what is expected of figures where `rate` is true, so that no label adds noise.

    Args:
        guess: [N], predictions.
        rate: [N], true chances: each row is so much of a positive, and the rest a negative.

    Returns:
        auc, pr_auc, log_loss; bias, the mean prediction over the mean truth; and ece, how far
        predictions are from the truth on average in each tenth of them.
    """
    parts = grouped(guess, rate, np.ones(len(guess)))
    kept = np.clip(guess, 1e-15, 1 - 1e-15)
    tenths = np.array_split(np.argsort(guess), 10)
    apart = [len(rows) * abs(guess[rows].mean() - rate[rows].mean()) for rows in tenths]
    return {
        "auc": float(roc_auc(*parts)),
        "pr_auc": float(average_precision(*parts)),
        "log_loss": float(-(rate * np.log(kept) + (1 - rate) * np.log1p(-kept)).mean()),
        "bias": float(guess.mean() / rate.mean()),
        "ece": float(sum(apart) / len(guess)),
    }
