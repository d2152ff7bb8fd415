"""What a report shows of the training and of the inside of the model."""

from collections.abc import Mapping
from typing import Any

from components.run_report.fact import Fact, Number


class CurvePoint(Fact):
    """Means over some steps of training, up to `step`.

    Attributes:
        step: the last of them.
        losses: by name; `loss` is what was minimised.
        weights: what the balance multiplied each term by.
    """

    step: int
    losses: Mapping[str, Number]
    weights: Mapping[str, Number] = {}


class Look(Fact):
    """The figures of the validation split after `step` steps, by output and metric."""

    step: int
    figures: Mapping[str, Mapping[str, Number]]


class Single(Fact):
    """The AUC of an output beside that of a model which learns it alone."""

    auc: Number
    alone: Number
    difference: Number


class Calibrated(Fact):
    """What calibration did to a head: rows it was fitted to, figures before and after."""

    kind: str
    rows: int
    positives: int
    log_loss: tuple[float, float] | None = None
    calibration: tuple[float, float] | None = None


class Training(Fact):
    """What went on inside the model, as the trainer wrote it.

    Attributes:
        curves: losses and weights over the steps.
        validations: looks at the validation split.
        gate_mean: by tower, the mean weight of each expert.
        gate_entropy: by tower, in nats.
        expert_cosine: between each two experts' outputs.
        dead_experts: that no tower uses.
        same_experts: pairs that answer alike.
        gradient_cosine: by `term/term`; below 0 they pull against each other.
        seesaw: by output, beside a model of its own.
        calibration: by head.
        warm_start: what was taken over; None where none was asked for.
    """

    curves: tuple[CurvePoint, ...] = ()
    validations: tuple[Look, ...] = ()
    gate_mean: Mapping[str, tuple[float, ...]] = {}
    gate_entropy: Mapping[str, float] = {}
    expert_cosine: tuple[tuple[float, ...], ...] = ()
    dead_experts: tuple[int, ...] = ()
    same_experts: tuple[tuple[int, int], ...] = ()
    gradient_cosine: Mapping[str, float] = {}
    seesaw: Mapping[str, Single] = {}
    calibration: Mapping[str, Calibrated] = {}
    warm_start: Mapping[str, Any] | None = None
