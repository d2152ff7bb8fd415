"""Features that tell the label by themselves: most likely known only after it.

How well one feature alone ranks a label is learnt on rows of the train split and judged on rows of
the eval split. A value with a row to itself (an id) has nothing to say about eval, so it is no
leak, however well it would fit the rows it was learnt on.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluation.areas import auc
from schemas.columns import Column

LEAK_AUC = 0.99
# A split with fewer positives or negatives gives no verdict: with 20 of each, chance lifts a
# feature whose AUC is 0.9 above LEAK_AUC in 0.6 % of samples, with 20 and 1000 in none. Bounds by
# Hanley and McNeil would not do instead: at an AUC of 1 they allow for no error at all.
LEAST_ROWS = 20
# A rate is shrunk as if so many more rows had the overall one.
_PRIOR_ROWS = 10.0
# Edges between the bins of a number, from the quantiles of positives and again of negatives.
_QUANTILES = np.linspace(0, 1, 33)


@dataclasses.dataclass(frozen=True)
class Suspect:
    """A feature that ranks a label too well to be known before it.

    Attributes:
        feature: its name.
        label: the label's name.
        auc: of the feature alone, on eval rows.
        rows: how many eval rows it was judged on.
        positives: how many of them have label 1.
    """

    feature: str
    label: str
    auc: float
    rows: int
    positives: int


def suspects(
    train: pa.Table,
    evaluation: pa.Table,
    features: Sequence[Column],
    labels: Sequence[str],
    population: Mapping[str, str] | None = None,
    above: float = LEAK_AUC,
) -> tuple[Suspect, ...]:
    """Returns the features whose AUC alone is over a bar, by feature, then by label.

    Args:
        train: a random sample of the train split, with every feature and label.
        evaluation: likewise of the eval split.
        features: the columns to judge; null is a missing value.
        labels: columns of 0, 1 and null (unknown: the row is left out).
        population: label -> the label that must be 1 for a row to count. Conversions belong among
            clicks: among all impressions whatever hints at the click looks strong, and a feature
            that tells buyers from mere clickers is diluted by the rows without a click.
        above: the bar.

    Raises:
        KeyError: if a table lacks a column.
    """
    population = population or {}
    names = dict.fromkeys([column.name for column in features])
    names.update(dict.fromkeys([*labels, *population.values()]))
    # One table, so that equal values of both splits have equal codes.
    table = pa.concat_tables([train.select(list(names)), evaluation.select(list(names))])
    tasks = [_task(table, train.num_rows, label, population.get(label)) for label in labels]
    tasks = [task for task in tasks if task.enough()]
    found = []
    for column in features if tasks else ():
        feature = _read(column, table[column.name].combine_chunks())
        for task in tasks:
            auc = feature.auc(task)
            if auc > above:
                judged = task.label[task.judge]
                found.append(Suspect(column.name, task.name, auc, len(judged), int(judged.sum())))
    return tuple(found)


def roc_auc(score: np.ndarray, positive: np.ndarray) -> float:
    """Returns the area under the ROC curve; a tie counts a half.

    Args:
        score: [N], of any type that has an order.
        positive: bool [N], with both values.
    """
    return auc(score, positive)


@dataclasses.dataclass(frozen=True)
class _Task:
    """A label over the rows of train, then eval."""

    name: str
    label: np.ndarray  # bool [rows]
    learn: np.ndarray  # int [n], the train rows that count
    judge: np.ndarray  # int [m], the eval rows that count

    def enough(self) -> bool:
        """Returns whether both splits have the positives and negatives for a verdict."""
        return all(
            LEAST_ROWS <= np.count_nonzero(self.label[rows]) <= len(rows) - LEAST_ROWS
            for rows in (self.learn, self.judge)
        )

    def judged(self, score: np.ndarray) -> float:
        """Returns the AUC on eval rows of a score [rows]."""
        return roc_auc(score[self.judge], self.label[self.judge])


def _task(table: pa.Table, train_rows: int, label: str, among: str | None) -> _Task:
    values = table[label].fill_null(-1).to_numpy()
    counts = values >= 0
    if among is not None:
        counts &= table[among].fill_null(-1).to_numpy() == 1
    rows = np.flatnonzero(counts)
    return _Task(label, values == 1, rows[rows < train_rows], rows[rows >= train_rows])


class _Feature(Protocol):
    """A feature over the rows of train, then eval."""

    def auc(self, task: _Task) -> float:
        """Returns the AUC on eval of what train rows teach about the feature."""


def _read(column: Column, array: pa.Array) -> _Feature:
    if column.repeated:
        return _list(array)
    return _Levels(_codes(array)) if column.type == "text" else _number(array)


def _codes(array: pa.Array) -> np.ndarray:
    """Returns int [values], one code for each distinct value, null among them."""
    return array.dictionary_encode(null_encoding="encode").indices.to_numpy()


def _rates(codes: np.ndarray, label: np.ndarray, size: int) -> np.ndarray:
    """Returns the shrunk rate of positives at each code below `size`; unseen: the overall rate."""
    prior = _PRIOR_ROWS * label.mean()
    rows = np.bincount(codes, minlength=size)
    return (np.bincount(codes, label, size) + prior) / (rows + _PRIOR_ROWS)


@dataclasses.dataclass(frozen=True)
class _Levels:
    codes: np.ndarray  # int [rows], of the distinct values, missing among them

    def auc(self, task: _Task) -> float:
        rates = _rates(self.codes[task.learn], task.label[task.learn], self.codes.max() + 1)
        return task.judged(rates[self.codes])


@dataclasses.dataclass(frozen=True)
class _Number:
    order: np.ndarray  # int [rows], the rank of the value from 1; 0 where it is missing

    def auc(self, task: _Task) -> float:
        return max(self._ordered(task), self._binned(task))

    def _ordered(self, task: _Task) -> float:
        """The value itself; train says where missing belongs and which way is up."""
        top = np.where(self.order == 0, self.order.max() + 1, self.order)
        label = task.label[task.learn]
        learnt, score = max(
            ((roc_auc(score[task.learn], label), score) for score in (self.order, top)),
            key=lambda each: abs(each[0] - 0.5),
        )
        judged = task.judged(score)
        return judged if learnt >= 0.5 else 1 - judged

    def _binned(self, task: _Task) -> float:
        """The rate in bins of the value: a leak need not be monotone.

        Quantiles of each class by itself: those of all rows would not part rare positives.
        """
        learn, label = self.order[task.learn], task.label[task.learn]
        edges = [
            np.quantile(part, _QUANTILES, method="inverted_cdf")
            for part in (learn[label], learn[~label])
        ]
        # An edge belongs to the bin below, so missing values (0) have a bin of their own.
        bins = np.searchsorted(np.unique(edges), self.order)
        return _Levels(bins).auc(task)


def _number(array: pa.Array) -> _Number:
    values = array.to_numpy(zero_copy_only=False)
    known = ~np.isnan(values)
    order = np.zeros(len(values), np.int64)
    order[known] = np.unique(values[known], return_inverse=True)[1] + 1
    return _Number(order)


@dataclasses.dataclass(frozen=True)
class _List:
    length: _Number
    codes: np.ndarray  # int [items]; a row without any has one item of a code of its own
    row: np.ndarray  # int [items], the row of each item

    def auc(self, task: _Task) -> float:
        """The best of its length and the mean and the highest rate of its items."""
        learn = np.zeros(len(task.label), bool)
        learn[task.learn] = True
        learn = learn[self.row]
        rates = _rates(self.codes[learn], task.label[self.row[learn]], self.codes.max() + 1)
        each = rates[self.codes]
        mean = np.bincount(self.row, each) / np.bincount(self.row)
        highest = np.zeros(len(task.label))
        np.maximum.at(highest, self.row, each)
        return max(self.length.auc(task), task.judged(mean), task.judged(highest))


def _list(array: pa.Array) -> _List:
    length = pc.list_value_length(array).cast(pa.float32())
    # Not list_parent_indices: it counts values that lie under a null list, flatten leaves them out.
    row = np.repeat(np.arange(len(array)), length.fill_null(0).to_numpy().astype(np.int64))
    codes = _codes(array.flatten())
    empty = np.flatnonzero(np.bincount(row, minlength=len(array)) == 0)
    own = np.full(len(empty), codes.max(initial=-1) + 1)
    codes, row = np.concatenate([codes, own]), np.concatenate([row, empty])
    return _List(_number(length), codes, row)
