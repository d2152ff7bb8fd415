"""The rows of one experiment: packed tensors and labels, to learn from and to be judged on."""

import dataclasses

import numpy as np

from benchmarks.learning.fit import Arrays
from schemas.heads import Head, Heads
from schemas.layout import Layout

CTR: Heads = {"ctr": Head(label="click")}
HEADS: Heads = {**CTR, "cvr": Head(label="conversion", given="ctr")}


@dataclasses.dataclass(frozen=True)
class Rows:
    """Impressions in order of time, of which the first are for training.

    Attributes:
        layout: of the packed tensors.
        features: the packed tensors by name, [N, ...].
        labels: [N, 2], click and conversion.
        taught: bool [N], the rows to learn from.
        judged: bool [N], the rows to be judged on.
        cvr: [N], the true P(conversion | click) of every impression; None where nobody knows.
    """

    layout: Layout
    features: Arrays
    labels: np.ndarray
    taught: np.ndarray
    judged: np.ndarray
    cvr: np.ndarray | None = None
