"""How well a cvr is learnt: on clicks, as everybody measures it, and on all impressions."""

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.stats

from evaluation.areas import auc

Figures = dict[str, float]
_LEAST = 1e-9  # of a probability in a logarithm


def figures(
    cvr: np.ndarray,
    ctcvr: np.ndarray,
    ctr: np.ndarray,
    labels: np.ndarray,
    truth: np.ndarray | None,
) -> Figures:
    """Returns the figures of one model on impressions that it was not trained on.

    Args:
        cvr: [N], its P(conversion | click).
        ctcvr: [N], its P(click and conversion).
        ctr: [N], P(click) of a network that learnt nothing else, the same for all models.
        labels: [N, 2], click and conversion.
        truth: [N], the true P(conversion | click), or None.

    Returns:
        cvr_auc: over clicked impressions.
        ctcvr_auc: of ctr * cvr, over all impressions: the protocol of the ESMM paper.
        ctcvr_auc_own: of the model's own ctcvr.
        and with a truth, of cvr over all impressions, clicked or not:
        entire_auc: expected.
        entire_log_loss: expected, nats per impression.
        entire_kl: its excess over that of the truth, nats per impression.
        entire_bias: mean cvr less mean truth.
    """
    clicked = labels[:, 0] == 1
    found = {
        "cvr_auc": auc(cvr[clicked], labels[clicked, 1]),
        "ctcvr_auc": auc(ctr * cvr, labels[:, 1]),
        "ctcvr_auc_own": auc(ctcvr, labels[:, 1]),
    }
    if truth is None:
        return found
    loss = _log_loss(truth, cvr)
    return {
        **found,
        "entire_auc": auc(cvr, truth),
        "entire_log_loss": loss,
        "entire_kl": loss - _log_loss(truth, truth),
        "entire_bias": float(np.mean(cvr, dtype=np.float64) - truth.mean()),
    }


def summary(runs: Mapping[str, Sequence[Figures]], base: str) -> dict[str, dict[str, Figures]]:
    """Returns mean and spread of every figure, and its difference to that of `base`.

    Args:
        runs: the figures of each method, run by run; the i-th runs of all methods are a pair: one
            seed, the same rows.
        base: a method.

    Returns:
        By method and figure: `mean` and `std` over the runs, `difference` to the base, run by run,
        and `low` and `high`, the 95 % interval of its mean by Student's t.
    """
    found: dict[str, dict[str, Figures]] = {}
    for method, of_method in runs.items():
        found[method] = {}
        for name in of_method[0]:
            values = np.array([run[name] for run in of_method])
            pairs = values - [run[name] for run in runs[base]]
            error = pairs.std(ddof=1) / np.sqrt(len(pairs))
            reach = error * scipy.stats.t.ppf(0.975, len(pairs) - 1)
            found[method][name] = {
                "mean": float(values.mean()),
                "std": float(values.std(ddof=1)),
                "difference": float(pairs.mean()),
                "low": float(pairs.mean() - reach),
                "high": float(pairs.mean() + reach),
            }
    return found


def _log_loss(truth: np.ndarray, prediction: np.ndarray) -> float:
    p = np.clip(prediction.astype(np.float64), _LEAST, 1 - _LEAST)
    return float(-np.mean(truth * np.log(p) + (1 - truth) * np.log1p(-p)))
