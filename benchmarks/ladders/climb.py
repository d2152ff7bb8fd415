"""The ladder on one data set: every method is tuned once and then trained with every seed."""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.ladders.figures import Figures, figures
from benchmarks.ladders.methods import BASE, METHODS, model, training
from benchmarks.ladders.rows import CTR, HEADS, Rows
from benchmarks.learning.fit import answers, fit
from benchmarks.learning.results import Results
from evaluation.areas import auc
from models.config import ModelConfig
from models.training_config import TrainingConfig
from schemas.heads import Heads

_TUNING_SEED = 1000


class Climb:
    """Trains what is not among the results yet.

    Args:
        results: that are kept.
        rows_of: the impressions of a seed.
        tuning: the impressions to tune on; none of them is judged later.
        rates: what every method tries: learning rates and epochs.
        tell: takes a line of progress.
    """

    def __init__(
        self,
        results: Results,
        rows_of: Callable[[int], Rows],
        tuning: Callable[[], Rows],
        rates: Sequence[Mapping[str, float]],
        tell: Callable[[str], None],
    ):
        self._results = results
        # Made when first needed, since often all runs of a seed are kept; and only the last one,
        # since they are large.
        self._rows_of = functools.lru_cache(maxsize=1)(rows_of)
        self._tuning = functools.lru_cache(maxsize=1)(tuning)
        self._ctr_of = functools.lru_cache(maxsize=1)(self._ctr)
        self._rates = rates
        self._tell = tell

    def run(self, seeds: int) -> dict[str, list[Figures]]:
        """Returns the figures of each method, seed by seed."""
        chosen = {
            method: self._results.run(f"tune {method}", functools.partial(self._tune, method))
            for method in METHODS
        }
        found: dict[str, list[Figures]] = {method: [] for method in METHODS}
        for seed in range(seeds):
            for method, choice in chosen.items():
                learn = functools.partial(self._learn, seed, method, choice, chosen[BASE])
                found[method].append(self._results.run(f"{seed:02d} {method}", learn))
        return found

    def _tune(self, method: str) -> dict[str, Any]:
        """Returns the objective and rates of the best cvr AUC on clicks: no truth is looked at."""
        rows, (_, objectives) = self._tuning(), METHODS[method]
        tried: list[dict[str, Any]] = []

        def best() -> dict[str, Any]:
            return max(tried, key=lambda one: one["cvr_auc"])

        def attempt(objective: Any, rates: Mapping[str, float]) -> None:
            given = _train(rows, HEADS, model(method, objective), training(rates, _TUNING_SEED))
            labels = rows.labels[rows.judged]
            clicked = labels[:, 0] == 1
            score = auc(given["cvr"][clicked], labels[clicked, 1])
            tried.append({"objective": objective, "rates": dict(rates), "cvr_auc": score})
            self._tell(f"tune {method}: {objective} {dict(rates)}: cvr {score:.4f}")

        for rates in self._rates:
            attempt(objectives[0], rates)
        rates = best()["rates"]
        for objective in objectives[1:]:
            attempt(objective, rates)
        return {**best(), "tried": tried}

    def _learn(
        self, seed: int, method: str, choice: Mapping[str, Any], base: Mapping[str, Any]
    ) -> Figures:
        rows, ctr = self._rows_of(seed), self._ctr_of(seed, tuple(base["rates"].items()))
        began = time.perf_counter()
        given = _train(
            rows, HEADS, model(method, choice["objective"]), training(choice["rates"], seed)
        )
        truth = None if rows.cvr is None else rows.cvr[rows.judged]
        found = figures(given["cvr"], given["ctcvr"], ctr, rows.labels[rows.judged], truth)
        shown = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
        self._tell(f"seed {seed} {method}: {shown}; {time.perf_counter() - began:.1f} s")
        return found

    def _ctr(self, seed: int, rates: tuple[tuple[str, float], ...]) -> np.ndarray:
        """Returns the pCTR, [N], with which the paper multiplies the pCVR of all models."""
        method = model(BASE, "clicked_only")
        return _train(self._rows_of(seed), CTR, method, training(dict(rates), seed))["ctr"]


def _train(
    rows: Rows, heads: Heads, model: ModelConfig, training: TrainingConfig
) -> dict[str, np.ndarray]:
    """Returns what a model that learnt from some rows answers for those that it is judged on."""
    learnt, judged = (
        {name: values[part] for name, values in rows.features.items()}
        for part in (rows.taught, rows.judged)
    )
    labels = rows.labels[rows.taught, : len(heads)]
    return answers(fit(rows.layout, heads, model, training, learnt, labels), judged)
