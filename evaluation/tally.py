"""Figures of one output of any number of models over any number of rows, in bounded memory."""

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.areas import ratio
from evaluation.curves import curves_of
from evaluation.figures import CANDIDATE, Curves, Figure, OutputFigures
from evaluation.grouped import GroupSums, sums_by_group
from evaluation.jackknife import figure, left_out
from evaluation.measures import Kept, RateSums, ValueSums, bounds
from evaluation.rows import FOLDS, Floats, Rows, concatenate, summed

# Most bins of log-odds a model, by default.
ROOM = 4096
# Rows wait until there are so many: one bite costs much the same for ten rows as for a thousand.
_WAITING = 1024


class OutputTally:
    """Counts rows of one output and tells how good each model's predictions of it are.

    Memory: up to 1,024 rows are kept as they are (80 kB with five models). Beyond that, a model
    takes what its bins of log-odds take: at most 80 bytes times `room`, that is 328 kB, and little
    where its predictions are few or all alike; a value takes 1 kB. It can be pickled.

    Args:
        kind: of the output: `rate`, a probability; otherwise a value.
        models: whose predictions there are, the candidate first.
        at: the k of NDCG@k.
        room: most bins of log-odds a model. With 4,096 and any number of rows, AUC is exact to
            2e-6, PR-AUC and ECE to 0.1 % of themselves; all are exact as long as there are no more
            distinct predictions. Four times the room quarters the bins' width.
    """

    def __init__(self, kind: str, models: Sequence[str], at: Sequence[int] = (), room: int = ROOM):
        self._rate = kind == "rate"
        self._at = tuple(at)
        self._sums: dict[str, RateSums | ValueSums] = {
            model: RateSums(room) if self._rate else ValueSums() for model in models
        }
        self._groups: dict[str, GroupSums] = {}
        self._weights = np.zeros((2, FOLDS))  # of the rows, and times the label
        self._counts = np.zeros((2, FOLDS), np.int64)  # rows, and those whose label is not 0
        self._waiting: Rows | None = None

    @property
    def rows(self) -> int:
        """How many rows count."""
        return int(self._counts[0].sum()) + (self._waiting.size if self._waiting else 0)

    def add(self, rows: Rows) -> None:
        """Counts rows; those of weight 0 do not count.

        Raises:
            ValueError: if the rows are not of the tally's models, or a label is no event's.
        """
        if set(rows.predictions) != set(self._sums):
            raise ValueError(
                f"this tally is of the models {', '.join(self._sums)}. "
                f"Received: {', '.join(rows.predictions)}"
            )
        if self._rate and not ((rows.label >= 0) & (rows.label <= 1)).all():
            raise ValueError(
                f"the label of a rate is 0 or 1. Received: {rows.label.min():g} to "
                f"{rows.label.max():g}. Give a head of numbers `kind: value`"
            )
        if not rows.weight.all():
            rows = rows.where(rows.weight > 0)
        if rows.size:
            self._waiting = rows if self._waiting is None else concatenate(self._waiting, rows)
            if self._waiting.size > _WAITING:
                self._count()

    def merge(self, other: "OutputTally") -> None:
        """Counts the rows of another tally of the same output and models as well."""
        for model, sums in self._sums.items():
            sums.merge(other._sums[model])  # type: ignore[arg-type]  # an output has one kind
        self._merge_groups(other._groups)
        self._weights += other._weights
        self._counts += other._counts
        if other._waiting is not None:
            self.add(other._waiting)

    def values(self) -> dict[str, dict[str, float]]:
        """Returns the figures by model, then metric, without intervals; NaN without rows."""
        self._count()
        return {
            model: {
                metric: float(values[0])
                for metric, values in self._measures(model, np.zeros(FOLDS, bool)).items()
            }
            for model in self._sums
        }

    def summary(self, curves: bool, masked: int = 0) -> OutputFigures:
        """Returns the figures, their intervals, and how far the candidate is from each model.

        Args:
            curves: whether to tell curves too, of a rate.
            masked: rows of the population that do not count.
        """
        self._count()
        measures = {model: self._measures(model, self._counts[0] > 0) for model in self._sums}
        own = measures.get(CANDIDATE)
        return OutputFigures(
            rows=self.rows,
            positives=int(self._counts[1].sum()),
            weight=float(self._weights[0].sum()),
            masked=masked,
            groups={metric: sums.groups for metric, sums in self._groups.items()},
            skipped={metric: sums.skipped for metric, sums in self._groups.items()},
            models={
                model: {
                    metric: self._figure(metric, values, bounds(metric, self._rate))
                    for metric, values in found.items()
                }
                for model, found in measures.items()
            },
            differences={
                model: {
                    metric: self._figure(metric, own[metric] - values)
                    for metric, values in found.items()
                }
                for model, found in measures.items()
                if own is not None and model != CANDIDATE
            },
            curves=self._curves() if curves else {},
        )

    def _count(self) -> None:
        """Counts the rows that wait."""
        if self._waiting is None:
            return
        rows, self._waiting = self._waiting, None
        self._weights += [
            summed(part, rows.fold, FOLDS) for part in (rows.weight, rows.weight * rows.label)
        ]
        self._counts += [
            np.bincount(fold, minlength=FOLDS) for fold in (rows.fold, rows.fold[rows.label != 0])
        ]
        for model, sums in self._sums.items():
            prediction = rows.predictions[model].astype(np.float64)
            sums.add(prediction, rows.label, rows.weight, rows.fold)
        if self._rate:
            # What is no number has no rank; its model is found unfit above.
            ranks = [np.nan_to_num(rows.predictions[model]) for model in self._sums]
            self._merge_groups(sums_by_group(rows, ranks, self._at))

    def _merge_groups(self, others: Mapping[str, GroupSums]) -> None:
        for metric, sums in others.items():
            mine = self._groups.get(metric)
            self._groups[metric] = sums if mine is None else mine + sums

    def _measures(self, model: str, kept: Kept) -> dict[str, Floats]:
        """Returns each metric over all rows, then without each kept fold that tells of it."""
        sums = self._sums[model]
        weight, label = self._weights
        found = sums.measure(weight, label, kept)
        place = list(self._sums).index(model)
        for metric, groups in self._groups.items():
            telling = kept & (groups.weight > 0)
            means = ratio(left_out(groups.told[place], telling), left_out(groups.weight, telling))
            found[metric] = means if sums.fit else np.full_like(means, np.nan)
        return found

    def _figure(
        self, metric: str, values: Floats, limits: tuple[float, float] | None = None
    ) -> Figure:
        return figure(values, self._freedom(metric), limits)

    def _freedom(self, metric: str) -> int:
        """Returns how many folds tell of a metric, less one.

        Of a rate these are the folds of the rarer class: the other class's say little.
        """
        if metric in self._groups:
            telling = [np.count_nonzero(self._groups[metric].weight)]
        elif self._rate:
            rows, positives = self._counts
            telling = [np.count_nonzero(positives), np.count_nonzero(rows - positives)]
        else:
            telling = [np.count_nonzero(self._counts[0])]
        return int(min(telling)) - 1

    def _curves(self) -> dict[str, Curves]:
        """Returns the curves of the models whose predictions are fit to be drawn."""
        drawn = self._counts[0] > 0
        return {
            model: curves_of(sums.whole, sums.by_fold, drawn)
            for model, sums in self._sums.items()
            if isinstance(sums, RateSums) and sums.fit and drawn.any()
        }
