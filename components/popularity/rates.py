"""Counts -> rates of items, drawn towards the rate over all, and the files that hold them.

An item that was seen little has a rate that says little. Each rate is the mean of the item's own
and the overall one, weighted n : k, where n is what the item's rows weigh and k how many rows it
takes until an item's own rate says more than the overall one: the variance of a row within items
over the variance of the items' true rates, both estimated by analysis of variance (Buehlmann and
Straub, "Glaubwuerdigkeit fuer Schadensaetze", 1970; of a rate it is nearly the mean of the
beta-binomial's posterior). Where items do not differ more than by luck, k is infinite.
"""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from tfx.dsl.io import fileio

from components.log_example_gen.decode import hashes
from components.popularity.counting import ITEM, SUMS, Counts, column
from schemas.heads import Heads, outputs

ITEMS_FILE = "items.parquet"
OVERALL_FILE = "overall.json"
_RATE = "rate "  # begins the columns of outputs

Floats = npt.NDArray[np.float64]


def smoothed(sums: Sequence[Floats], overall: float) -> tuple[Floats, float]:
    """Returns the rates of items, [M], and k; see the module.

    Args:
        sums: SUMS of each item, [M] each.
        overall: the rate that the items' are drawn towards.
    """
    rows, weight, events, squares = sums
    seen = weight > 0
    own = np.divide(events, weight, out=np.full(len(weight), overall), where=seen)
    k = _credibility(rows[seen], weight[seen], own[seen], squares[seen])
    if math.isinf(k):
        return np.full(len(weight), overall), k
    both = weight + k
    return np.divide(weight * own + k * overall, both, out=own, where=both > 0), k


def _credibility(rows: Floats, weight: Floats, own: Floats, squares: Floats) -> float:
    freedom = float((rows - 1).sum())
    if len(rows) < 2 or freedom <= 0:
        return math.inf
    total = float(weight.sum())
    mean = float((weight * own).sum()) / total
    within = max(float((squares - weight * own**2).sum()) / freedom, 0.0)
    spread = float((weight * (own - mean) ** 2).sum()) - (len(rows) - 1) * within
    between = spread / (total - float((weight**2).sum()) / total)
    return within / between if between > 0 else math.inf


@dataclasses.dataclass(frozen=True)
class Rates:
    """Past rates, to be looked up.

    Attributes:
        codes: int64 [M], hashes of the items, ascending.
        rates: float32 [M + 1] by output; the last is that of every other item.
        overall: by output, the rate over all; NaN where nothing was counted.
    """

    codes: npt.NDArray[np.int64]
    rates: Mapping[str, npt.NDArray[np.float32]]
    overall: Mapping[str, float]

    def of(self, codes: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float32]]:
        """Returns the rates, float32 [N] by output, of items by their hashes, [N]."""
        last = len(self.codes)
        found = np.searchsorted(self.codes, codes)
        known = found < last
        known[known] = self.codes[found[known]] == codes[known]
        places = np.where(known, found, last)
        return {output: rates[places] for output, rates in self.rates.items()}

    @classmethod
    def read(cls, uri: str) -> "Rates":
        """Returns the rates in an artifact."""
        overall = read_overall(uri)
        with fileio.open(f"{uri}/{ITEMS_FILE}", "rb") as file:
            table = pq.read_table(pa.BufferReader(file.read()))
        items = table.column(ITEM).to_numpy()
        codes = hashes(tf.constant(items, tf.string)) if len(items) else np.zeros(0, np.int64)
        order = np.argsort(codes)
        rates = {
            output: np.append(table.column(_RATE + output).to_numpy()[order], rate).astype(
                np.float32
            )
            for output, rate in overall.items()
        }
        return cls(codes[order], rates, overall)


def read_overall(uri: str) -> dict[str, float]:
    """Returns the rates over all by output; NaN where nothing was counted."""
    with fileio.open(f"{uri}/{OVERALL_FILE}") as file:
        told = json.loads(file.read())["rates"]
    return {output: math.nan if rate is None else rate for output, rate in told.items()}


def write_rates(counts: Counts | None, heads: Heads, uri: str) -> None:
    """Writes the rates of every output: of heads as counted, of joints their products.

    Args:
        counts: of the training examples, None if there are none.
        heads: of the model.
        uri: of the artifact.
    """
    singles = [output.name for output in outputs(heads) if len(output.heads) == 1]
    sums = np.zeros((len(singles), len(SUMS))) if counts is None else counts.overall
    items = pa.table({ITEM: pa.array([], pa.large_binary())}) if counts is None else counts.items
    overall, of_items, strengths = {}, {}, {}
    for name, (_, weight, events, _) in zip(singles, sums.tolist(), strict=True):
        overall[name] = events / weight if weight else math.nan
        of_item = [_numbers(items, column(name, each)) for each in SUMS]
        of_items[name], strengths[name] = smoothed(of_item, overall[name])
    for output in outputs(heads):
        overall[output.name] = math.prod(overall[head] for head in output.heads)
        of_items[output.name] = np.prod([of_items[head] for head in output.heads], axis=0)
    table = pa.table({ITEM: items.column(ITEM), **{_RATE + n: of_items[n] for n in overall}})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    with fileio.open(f"{uri}/{ITEMS_FILE}", "wb") as file:
        file.write(sink.getvalue().to_pybytes())
    facts = {
        "rates": {name: None if math.isnan(rate) else rate for name, rate in overall.items()},
        "rows": dict(zip(singles, sums[:, 0].astype(int).tolist(), strict=True)),
        "strengths": {name: None if math.isinf(k) else k for name, k in strengths.items()},
        "items": table.num_rows,
    }
    with fileio.open(f"{uri}/{OVERALL_FILE}", "w") as file:
        file.write(json.dumps(facts, indent=1))


def _numbers(items: pa.Table, name: str) -> Floats:
    return items.column(name).to_numpy() if items.num_rows else np.zeros(0)
