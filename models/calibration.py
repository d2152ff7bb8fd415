"""Calibration of each rate's logit, fitted to rows that training did not see."""

import dataclasses
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from models.calibrators import CALIBRATORS
from models.calibrators.isotonic import Isotonic
from models.calibrators.logit_tally import LogitTally, calibration, log_loss
from models.calibrators.platt import Platt

if TYPE_CHECKING:
    from models.ranking_model import Batch, RankingModel

# Below so many rows of either label a calibrator would learn chance.
_LEAST_ROWS = 10


class Calibration(tf.Module):
    """A calibrator per rate; the identity until it is fitted.

    Args:
        kind: none, platt or isotonic.
        names: of the heads that are rates.
    """

    def __init__(self, kind: str, names: Sequence[str]):
        super().__init__(name="calibration")
        self.kind = kind
        self.calibrators: dict[str, Platt | Isotonic] = (
            {} if kind == "none" else {name: CALIBRATORS[kind]() for name in names}
        )

    def __call__(self, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the logits of all heads, [B] each, those of rates calibrated."""
        return {
            name: self.calibrators[name](logit) if name in self.calibrators else logit
            for name, logit in logits.items()
        }


@dataclasses.dataclass(frozen=True)
class Fitted:
    """What calibration did to one head, on the rows that it was fitted to.

    Attributes:
        kind: platt or isotonic; none if there were too few rows, so the logit stays as it is.
        rows: of the head's population, with a known label.
        positives: how many of them have the label 1.
        log_loss: nats a row, before and after; None without rows.
        calibration: mean prediction by mean label, before and after; None without positives.
    """

    kind: str
    rows: int
    positives: int
    log_loss: tuple[float, float] | None
    calibration: tuple[float, float] | None


def fit_calibration(model: "RankingModel", batches: Iterable["Batch"]) -> dict[str, Fitted]:
    """Fits the calibrators of a trained model; memory does not grow with the rows.

    Each head is fitted in its own population: cvr where there was a click. So ctr and cvr are
    both right, and ctcvr = ctr * cvr <= ctr holds as before. Rates are those of `batches`:
    RankingModel.call corrects afterwards for unclicked impressions that were left out.

    Args:
        model: its `calibration` is fitted anew.
        batches: of rows held back from training, as training has them.

    Returns:
        What was done, by head; nothing where the config wants no calibration.
    """
    calibrators = model.calibration.calibrators
    if not calibrators:
        return {}
    tallies = _tallies(model, batches)
    return {
        name: _fit_head(name, model.calibration.kind, calibrator, tallies[name])
        for name, calibrator in calibrators.items()
    }


def _tallies(model: "RankingModel", batches: Iterable["Batch"]) -> dict[str, LogitTally]:
    tallies = {name: LogitTally() for name in model.calibration.calibrators}

    @tf.function(reduce_retracing=True)
    def rows(inputs: "Batch") -> dict[str, tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
        features, labels = inputs
        logits = model.objective.head_logits(model.tower_logits(features))
        targets = model.targets(features, labels)
        found = {}
        for name in tallies:
            weight = targets.weights.get(name, tf.ones_like(logits[name]))
            population = model.objective.population(name, targets)
            if population is not None:
                weight = tf.where(population, weight, tf.zeros_like(weight))
            found[name] = (logits[name], targets.labels[name], weight)
        return found

    for batch in batches:
        for name, columns in rows(batch).items():
            tallies[name].add(*(column.numpy() for column in columns))
    return tallies


def _fit_head(name: str, kind: str, calibrator: Platt | Isotonic, tally: LogitTally) -> Fitted:
    """Fits one calibrator, unless there are too few rows; returns how good it is now."""
    negatives, positives = (int(rows) for rows in tally.rows)
    if min(negatives, positives) < _LEAST_ROWS:
        logging.getLogger(__name__).warning(
            "%s is not calibrated: it takes %d rows of either label, and of the held-back rows "
            "%d are positive and %d negative",
            name, _LEAST_ROWS, positives, negatives,
        )  # fmt: skip
        kind = "none"
    else:
        calibrator.fit(tally)
    if not negatives + positives:
        return Fitted(kind, 0, 0, None, None)
    bins = tally.bins()
    after = calibrator(tf.constant(bins.logit, tf.float32)).numpy().astype(np.float64)
    return Fitted(
        kind,
        negatives + positives,
        positives,
        log_loss=(log_loss(bins, bins.logit), log_loss(bins, after)),
        calibration=(calibration(bins, bins.logit), calibration(bins, after))
        if positives
        else None,
    )
