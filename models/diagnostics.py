"""What went on inside a model: its gates and experts, and whether its tasks pull one way."""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from models.balances.pcgrad import dot_products
from models.ranking_model import Batch, RankingModel

# An expert that every head gives less than this, on average, teaches and answers nothing.
DEAD_WEIGHT = 0.01
# Experts whose outputs go together more closely than this are one expert twice.
SAME_COSINE = 0.99


def diagnose(model: RankingModel, batches: Iterable[Batch]) -> dict[str, Any]:
    """Returns the figures of `gates` and `conflicts`, means over the batches.

    Args:
        model: trained.
        batches: of (packed tensors, labels), a few thousand rows in all; read twice.
    """
    held = list(batches)
    found: dict[str, Any] = {"gradient_cosine": conflicts(model, held)}
    mixture = gates(model, held)
    return found if mixture is None else {**found, **mixture}


def gates(model: RankingModel, batches: Iterable[Batch]) -> dict[str, Any] | None:
    """Returns how the towers use the experts; None where the trunk has no gates.

    Returns:
        gate_mean: by tower, the mean weight of each expert.
        gate_entropy: by tower, the mean entropy of a row's weights, in nats: 0 if each row takes
            one expert, ln of the number of experts if it takes all alike.
        expert_cosine: the cosine between each two experts' outputs over the rows, each unit's
            mean taken off; [E][E].
        dead_experts: those that no tower gives `DEAD_WEIGHT`, or that always answer 0.
        same_experts: pairs with a cosine above `SAME_COSINE`.
    """
    weights, outputs = [], []
    for features, _ in batches:
        xs, _ = model.trunk_inputs(features)
        gate, experts = model.trunk.gates(xs), model.trunk.experts(xs)
        if gate is None or experts is None:
            return None
        weights.append(gate.numpy())
        outputs.append(tf.cast(experts, tf.float32).numpy())
    gate, experts = np.concatenate(weights), np.concatenate(outputs, axis=1)
    mean = gate.mean(axis=0)  # [H, E]
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(gate > 0, gate * np.log(gate), 0.0).sum(axis=2).mean(axis=0)
    cosine = _cosines(experts.reshape(len(experts), -1, experts.shape[-1]))
    silent = np.abs(experts).max(axis=(1, 2)) == 0
    dead = [int(e) for e in np.flatnonzero(silent | (mean < DEAD_WEIGHT).all(axis=0))]
    same = [
        [i, j]
        for i, j in itertools.combinations(range(len(cosine)), 2)
        if cosine[i, j] > SAME_COSINE
    ]
    return {
        "gate_mean": dict(zip(model.towers, mean.round(6).tolist(), strict=True)),
        "gate_entropy": dict(zip(model.towers, entropy.round(6).tolist(), strict=True)),
        "expert_cosine": cosine.round(6).tolist(),
        "dead_experts": dead,
        "same_experts": same,
    }


def _cosines(outputs: np.ndarray) -> np.ndarray:
    """Returns the cosines between [E, B, U], each unit less its mean: [E, E], 0 with nothing."""
    apart = (outputs - outputs.mean(axis=1, keepdims=True)).reshape(len(outputs), -1)
    sizes = np.linalg.norm(apart, axis=1, keepdims=True)
    units = np.divide(apart, sizes, out=np.zeros_like(apart), where=sizes > 0)
    return units @ units.T


def conflicts(model: RankingModel, batches: Iterable[Batch]) -> dict[str, float]:
    """Returns the mean cosine between each two terms' gradients on what their heads share.

    That is the last shared kernels, or the embedding tables where nothing else is shared. Below 0
    the terms pull against each other. Batches in which one of them has no gradient do not count.

    Returns:
        The cosine by `term/term`; nothing where nothing is shared.
    """
    shared = model.shared_kernels() or (model.tables if model.config.share_embeddings else [])
    found: dict[str, list[float]] = {}
    for batch in batches if shared else ():
        with tf.GradientTape(persistent=True) as tape:
            terms = model.terms(batch, training=True)
        products = dot_products([tape.gradient(term, shared) for term in terms.values()]).numpy()
        sizes = np.sqrt(np.diag(products))
        for (i, one), (j, other) in itertools.combinations(enumerate(terms), 2):
            if sizes[i] > 0 and sizes[j] > 0:
                cosine = float(products[i, j] / (sizes[i] * sizes[j]))
                found.setdefault(f"{one}/{other}", []).append(cosine)
    return {pair: round(float(np.mean(cosines)), 6) for pair, cosines in found.items()}
