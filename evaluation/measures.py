"""What is measured of one model: sums of its rows, and figures from these."""

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from evaluation.areas import average_precision, calibration_error, ratio, roc_auc
from evaluation.histogram import Histogram
from evaluation.jackknife import left_out
from evaluation.rows import FOLDS, Floats, Ints, summed
from schemas.measurable import METRICS, VALUE_METRICS

_UNBOUNDED = ("log_loss", "ne", "calibration")  # above; the other metrics of a rate end at 1

Kept = npt.NDArray[np.bool_]
_LEAST = np.log(1e-15)  # of the logarithm of a probability, in log loss


def bounds(metric: str, rate: bool) -> tuple[float, float]:
    """Returns the least and the greatest value of a metric of a rate, or of a value."""
    if rate:
        return 0.0, math.inf if metric in _UNBOUNDED else 1.0
    return 0.0 if metric in ("rmse", "mae") else -math.inf, math.inf


class RateSums:
    """Predictions of a probability by one model.

    A prediction that is no number in [0, 1] makes every figure NaN: nothing good can be said of a
    model that answers so.

    Args:
        room: most bins of log-odds; twice as many where folds are apart.
    """

    __slots__ = ("_sums", "by_fold", "fit", "whole")

    def __init__(self, room: int):
        self.fit = True
        self._sums = np.zeros((2, FOLDS))  # weighted prediction and log loss
        # Weight of negatives, of positives; over all folds finely, and the weighted prediction too.
        self.whole = Histogram(3, room)
        self.by_fold = Histogram(2, 2 * room)

    def add(self, prediction: Floats, label: Floats, weight: Floats, fold: Ints) -> None:
        """Counts rows, each argument [N]."""
        self.fit = self.fit and bool(((prediction >= 0) & (prediction <= 1)).all())
        if not self.fit:
            return
        with np.errstate(divide="ignore"):
            log_rate, log_rest = np.log(prediction), np.log1p(-prediction)
        loss = -label * np.maximum(log_rate, _LEAST) - (1 - label) * np.maximum(log_rest, _LEAST)
        classes = np.stack([weight * (1 - label), weight * label, weight * prediction])
        self._sums += _by_fold(fold, classes[2], weight * loss)
        log_odds = log_rate - log_rest
        self.whole.add(log_odds, np.zeros_like(fold), classes)
        self.by_fold.add(log_odds, fold, classes[:2])

    def merge(self, other: "RateSums") -> None:
        """Counts the rows of another as well."""
        self.fit = self.fit and other.fit
        self._sums += other._sums
        self.whole.merge(other.whole)
        self.by_fold.merge(other.by_fold)

    def measure(self, weight: Floats, label: Floats, kept: Kept) -> dict[str, Floats]:
        """Returns each metric over all rows, then without each kept fold, [1 + g].

        Args:
            weight: [FOLDS], of the rows.
            label: [FOLDS], their weighted labels.
            kept: bool [FOLDS].
        """
        if not self.fit:
            return _unfit(METRICS, kept)
        weights, labels = left_out(weight, kept), left_out(label, kept)
        predictions, losses = left_out(self._sums, kept)
        mean, loss = ratio(labels, weights), ratio(losses, weights)
        found = {
            "log_loss": loss,
            "ne": ratio(loss, special.entr(mean) + special.entr(1 - mean)),
            "calibration": ratio(predictions, labels),
            "mean_label": mean,
            "mean_prediction": ratio(predictions, weights),
            **self._shapes(kept),
        }
        return {name: found[name] for name in METRICS}

    def _shapes(self, kept: Kept) -> dict[str, Floats]:
        """Returns what no sums tell: over all rows from fine bins, without a fold from wider ones.

        That the two differ by the width of a bin does not matter: of the latter only how much they
        differ among themselves is used.
        """
        _, (negatives, positives, predicted) = self.whole.table(1)
        shapes = _shapes(negatives, positives, predicted)
        if not kept.any():
            return shapes
        middles, classes = self.by_fold.table(FOLDS)
        negatives, positives = classes.sum(1, keepdims=True) - classes[:, kept]
        predicted = special.expit(middles) * (negatives + positives)
        without = _shapes(negatives, positives, predicted)
        return {name: np.concatenate([shapes[name], without[name]]) for name in shapes}


class ValueSums:
    """Predictions of the mean of a value by one model; one that is not finite makes all NaN."""

    __slots__ = ("_sums", "fit")

    def __init__(self) -> None:
        self.fit = True
        self._sums = np.zeros((3, FOLDS))  # weighted prediction, squared and absolute error

    def add(self, prediction: Floats, label: Floats, weight: Floats, fold: Ints) -> None:
        """Counts rows, each argument [N]."""
        self.fit = self.fit and bool(np.isfinite(prediction).all())
        if self.fit:
            error = prediction - label
            parts = (weight * prediction, weight * error**2, weight * np.abs(error))
            self._sums += _by_fold(fold, *parts)

    def merge(self, other: "ValueSums") -> None:
        """Counts the rows of another as well."""
        self.fit = self.fit and other.fit
        self._sums += other._sums

    def measure(self, weight: Floats, label: Floats, kept: Kept) -> dict[str, Floats]:
        """Returns each metric over all rows, then without each kept fold, [1 + g].

        Args:
            weight: [FOLDS], of the rows.
            label: [FOLDS], their weighted labels.
            kept: bool [FOLDS].
        """
        if not self.fit:
            return _unfit(VALUE_METRICS, kept)
        weights, labels = left_out(weight, kept), left_out(label, kept)
        predictions, squares, errors = left_out(self._sums, kept)
        return {
            "rmse": np.sqrt(np.maximum(ratio(squares, weights), 0.0)),
            "mae": ratio(errors, weights),
            "calibration": ratio(predictions, labels),
            "mean_label": ratio(labels, weights),
            "mean_prediction": ratio(predictions, weights),
        }


def _shapes(negatives: Floats, positives: Floats, predicted: Floats) -> dict[str, Floats]:
    """Returns figures of sums by bin, each [g, G]."""
    return {
        "auc": roc_auc(negatives, positives),
        "pr_auc": average_precision(negatives, positives),
        "ece": calibration_error(negatives, positives, predicted),
    }


def _by_fold(fold: Ints, *parts: Floats) -> Floats:
    return np.stack([summed(part, fold, FOLDS) for part in parts])


def _unfit(metrics: tuple[str, ...], kept: Kept) -> dict[str, Floats]:
    return {name: np.full(1 + int(kept.sum()), np.nan) for name in metrics}
