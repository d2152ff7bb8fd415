"""What each feature is worth to a trained model: what is lost when its values change places.

Breiman, "Random Forests", Machine Learning 45, 2001, section 10
(https://doi.org/10.1023/A:1010933404324). Of features that say the same each alone is worth
little, since the model still has the other.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from models.ranking_model import RankingModel
from models.sample import Packed, Sample
from models.validation import Judge
from schemas.heads import Heads, outputs

_TOGETHER = 2048  # rows that are answered at once

Floats = npt.NDArray[np.float64]
Answers = Mapping[str, Floats]
Importance = dict[str, dict[str, dict[str, float | None]]]


def importance(model: RankingModel, heads: Heads, rows: Sample, seed: int) -> Importance:
    """Returns by output and feature what is lost when the feature says nothing of its row.

    Each feature's values, of a sequence all of them at once, are dealt to other rows, by one
    permutation of the rows. It takes as long as to answer the rows once for each feature.

    Args:
        model: trained.
        heads: of the model.
        rows: that it was not trained on.
        seed: of the permutations.

    Returns:
        drop: of a probability the AUC that is lost, of a value the root mean squared error that
            is added, in the output's own population and by the weights of its rows; None where
            there is nothing to measure.
        error: its standard error, rows taken as independent; None where it cannot be told.
    """
    judge = Judge(model, heads)
    features, labels = rows
    random = np.random.default_rng(seed)
    whole = _answers(judge, features, labels)
    found: Importance = {output.name: {} for output in outputs(heads)}
    for feature, (tensor, columns) in model.layout.places().items():
        dealt = features[tensor].copy()
        dealt[:, columns] = dealt[random.permutation(len(labels)), columns]
        without = _answers(judge, {**features, tensor: dealt}, labels)
        for output in outputs(heads):
            lost = auc_lost if output.kind == "rate" else rmse_added
            found[output.name][feature] = _told(lost, whole[output.name], without[output.name])
    return found


def _answers(judge: Judge, features: Packed, labels: npt.NDArray[np.float32]) -> Answers:
    """Returns by output the answers, events and weights of the rows that count, [3, N]."""
    parts = [
        judge.rows(({name: of[part] for name, of in features.items()}, labels[part]))
        for part in (slice(at, at + _TOGETHER) for at in range(0, len(labels), _TOGETHER))
    ]
    return {
        name: np.concatenate([np.stack(part[name]) for part in parts], axis=1).astype(np.float64)
        for name in parts[0]
    }


def _told(
    lost: Callable[[Floats, Floats, Floats, Floats], tuple[float, float]],
    whole: Floats,
    without: Floats,
) -> dict[str, float | None]:
    answers, events, weights = whole
    drop, error = lost(events, answers, without[0], weights)
    return {
        "drop": round(drop, 6) if math.isfinite(drop) else None,
        "error": round(error, 6) if math.isfinite(error) else None,
    }


def auc_lost(label: Floats, before: Floats, after: Floats, weight: Floats) -> tuple[float, float]:
    """Returns the AUC of `before` less that of `after`, and the standard error of the difference.

    By DeLong, DeLong and Clarke-Pearson, "Comparing the Areas under Two or More Correlated
    Receiver Operating Characteristic Curves", Biometrics 44, 1988
    (https://doi.org/10.2307/2531595).

    Args:
        label: [N], 0 or 1.
        before: [N], predictions.
        after: [N], other predictions for the same rows.
        weight: [N], above 0.

    Returns:
        NaN where a class has no row; an error of NaN where one has less than two.
    """
    positive, negative = label == 1, label != 1
    of_positives, of_negatives = weight[positive], weight[negative]
    if not len(of_positives) or not len(of_negatives):
        return math.nan, math.nan
    # Each row's part in the AUC: a positive's in the negatives below it, and the other way round.
    gains = _below(before[positive], before[negative], of_negatives)
    gains -= _below(after[positive], after[negative], of_negatives)
    losses = _below(before[negative], before[positive], of_positives)
    losses -= _below(after[negative], after[positive], of_positives)
    error = math.hypot(_error(gains, of_positives), _error(losses, of_negatives))
    return float(np.average(gains, weights=of_positives)), error


def _below(values: Floats, others: Floats, weight: Floats) -> Floats:
    """Returns the share of the others that is below each value, [N]; ties count a half."""
    order = np.argsort(others)
    ascending, sums = others[order], np.concatenate([[0.0], np.cumsum(weight[order])])
    first, last = (sums[np.searchsorted(ascending, values, side)] for side in ("left", "right"))
    return (first + last) / (2 * sums[-1])


def rmse_added(label: Floats, before: Floats, after: Floats, weight: Floats) -> tuple[float, float]:
    """Returns the root mean squared error of `after` less that of `before`, and its error.

    Args:
        label: [N], numbers.
        before: [N], predictions.
        after: [N], other predictions for the same rows.
        weight: [N], above 0.

    Returns:
        NaN without rows; an error of NaN with less than two, or where nothing is off.
    """
    if not len(label):
        return math.nan, math.nan
    squares = [(prediction - label) ** 2 for prediction in (before, after)]
    roots = [math.sqrt(np.average(square, weights=weight)) for square in squares]
    if not all(roots):
        return roots[1] - roots[0], math.nan
    # The square root near its mean is a line.
    small, large = (square / (2 * root) for square, root in zip(squares, roots, strict=True))
    return roots[1] - roots[0], _error(large - small, weight)


def _error(values: Floats, weight: Floats) -> float:
    """Returns the standard error of the weighted mean; NaN of less than two values."""
    if len(values) < 2:
        return math.nan
    off = weight * (values - np.average(values, weights=weight))
    return math.sqrt((off**2).sum() * len(off) / (len(off) - 1)) / float(weight.sum())
