"""From the figures of runs to means, deviations, paired intervals and what was recovered."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

METRICS = ("auc", "pr_auc", "log_loss", "bias", "ece")
RANKED = ("auc", "pr_auc", "log_loss")  # those of which a part can be recovered
CONFIDENCE = 0.95
BASE, TOP = "vanilla", "oracle"

# By method and metric, one number a seed; the same seeds in the same order.
Scores = Mapping[str, Mapping[str, Sequence[float]]]


def summarize(scores: Scores) -> dict[str, dict[str, dict[str, float]]]:
    """Returns by method and metric: mean and std; less vanilla with its interval; and recovered.

    The interval is Student's t of the differences seed by seed. Recovered is R of the papers,
    (M - vanilla) / (oracle - vanilla), of means over the seeds.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for method, metrics in scores.items():
        for metric in METRICS:
            values = np.array(metrics[metric])
            base, top = (np.array(scores[name][metric]) for name in (BASE, TOP))
            figures = {"mean": float(values.mean()), "std": float(values.std(ddof=1))}
            if method != BASE:
                apart = values - base
                error = apart.std(ddof=1) / np.sqrt(len(apart))
                reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(apart) - 1) * error)
                mean = float(apart.mean())
                figures |= {
                    "vs_vanilla": mean,
                    "vs_vanilla_low": mean - reach,
                    "vs_vanilla_high": mean + reach,
                }
            if metric in RANKED:
                # Plus 0, or the base's own part would be printed as -0.
                figures["recovered"] = float((values - base).mean() / (top - base).mean()) + 0.0
            found.setdefault(method, {})[metric] = figures
    return found
