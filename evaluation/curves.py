"""What is drawn of a probability: ROC, precision and recall, reliability, how scores spread."""

import numpy as np

from evaluation.areas import binned, equal_weights, ratio
from evaluation.figures import Curves, ReliabilityBin
from evaluation.histogram import Histogram
from evaluation.jackknife import figure, left_out
from evaluation.measures import Kept
from evaluation.rows import FOLDS, Floats, Ints, summed

_POINTS = 200
_SCORE_BINS = 60
# So much of the weight may lie beyond either end of the score histogram, in its last bins.
_TAIL = 0.001
_DIGITS = 6

Points = tuple[tuple[float, float], ...]


def curves_of(whole: Histogram, by_fold: Histogram, kept: Kept) -> Curves:
    """Returns the curves of one model, of at least one row.

    Args:
        whole: weight of negatives, of positives and weighted prediction, over all folds.
        by_fold: weight of negatives and of positives.
        kept: bool [FOLDS], folds that have rows.
    """
    log_odds, sums = whole.table(1)
    negatives, positives, _ = sums[:, 0]
    edges, place = _score_bins(log_odds, negatives + positives)
    bars = [summed(part, place, len(edges) - 1) for part in (negatives, positives)]
    return Curves(
        roc=_roc(negatives, positives),
        pr=_precision_recall(negatives, positives),
        reliability=_reliability(log_odds, sums[:, 0], by_fold, kept),
        edges=_told(edges),
        negatives=_told(bars[0]),
        positives=_told(bars[1]),
    )


def _roc(negatives: Floats, positives: Floats) -> Points:
    """Returns points from (0, 0) to (1, 1), evenly far apart; none if a class is absent."""
    if not (negatives.any() and positives.any()):
        return ()
    false, true = (
        np.concatenate([[0.0], np.cumsum(part[::-1])]) / part.sum()
        for part in (negatives, positives)
    )
    return _thinned(false, true, along=false + true)


def _precision_recall(negatives: Floats, positives: Floats) -> Points:
    """Returns points (recall, precision), recall ascending; none if there are no positives."""
    if not positives.any():
        return ()
    true, false = np.cumsum(positives[::-1]), np.cumsum(negatives[::-1])
    recall, precision = true / true[-1], ratio(true, true + false)
    return _thinned(recall, precision, along=recall)


def _thinned(x: Floats, y: Floats, along: Floats) -> Points:
    """Returns at most 200 of the points, the ends among them, evenly spread in `along`."""
    picked = np.arange(len(along))
    if len(along) > _POINTS:
        inner = np.searchsorted(along, np.linspace(along[0], along[-1], _POINTS)[1:-1])
        picked = np.union1d(inner, [0, len(along) - 1]).astype(np.int64)
    return tuple(zip(_told(x[picked]), _told(y[picked]), strict=True))


def _reliability(
    log_odds: Floats, sums: Floats, by_fold: Histogram, kept: Kept
) -> tuple[ReliabilityBin, ...]:
    """Returns the occupied bins of equal weight, with the jackknife's intervals.

    Wilson's would take rows for independent, which those of a user are not.
    """
    place = equal_weights(sums[:2].sum(0))
    negatives, positives, predicted = binned(sums, place)
    weight = negatives + positives
    middles, classes = by_fold.table(FOLDS)
    nearest = np.minimum(np.searchsorted(log_odds, middles), len(log_odds) - 1)
    of_folds = np.swapaxes(binned(classes, place[nearest]), 1, 2)  # [2, bins, folds]
    freedom = np.count_nonzero(of_folds, axis=2).min(0) - 1
    without = left_out(of_folds, kept)
    observed = ratio(without[1], without.sum(0))  # [bins, 1 + g]
    observed[:, 0] = ratio(positives, weight)  # of the finer bins
    found = []
    for each in np.flatnonzero(weight):
        rate = figure(observed[each], int(freedom[each]), (0.0, 1.0))
        found.append(
            ReliabilityBin(
                predicted=predicted[each] / weight[each],
                observed=rate.value,
                low=rate.low,
                high=rate.high,
                weight=weight[each],
            )
        )
    return tuple(found)


def _score_bins(log_odds: Floats, weight: Floats) -> tuple[Floats, Ints]:
    """Returns at most 60 bins' edges, and the bin of each of the log-odds, [G].

    Bins are between the outermost thousandths of the weight, which are counted in the last bins.
    """
    share = (np.cumsum(weight) - weight / 2) / weight.sum()
    first, last = np.searchsorted(share, [_TAIL, 1 - _TAIL])
    low, high = log_odds[first], log_odds[min(last, len(log_odds) - 1)]
    if low == high:
        return np.array([low - 0.5, high + 0.5]), np.zeros(len(log_odds), np.int64)
    edges = np.linspace(low, high, _SCORE_BINS + 1)
    place = np.searchsorted(edges, log_odds, side="right") - 1
    return edges, np.clip(place, 0, _SCORE_BINS - 1)


def _told(numbers: Floats) -> tuple[float, ...]:
    """Returns numbers short enough to be written: six digits are more than a drawing shows."""
    return tuple(float(f"{number:.{_DIGITS}g}") for number in numbers)
