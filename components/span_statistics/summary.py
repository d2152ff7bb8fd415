"""What was found of spans, as it is kept: figures in JSON, samples in Parquet."""

from typing import Literal

import pyarrow as pa
import pyarrow.parquet
from tfx.dsl.io import fileio

from schemas.strict import Strict

_FILE = "spans.json"
Group = Literal["newest", "before"]
NEWEST: Group = "newest"
BEFORE: Group = "before"
GROUPS = (NEWEST, BEFORE)


class Rate(Strict):
    """How often the event of a label happened in a span.

    Attributes:
        rows: that count: their label is mature, and no mask leaves them out.
        left_out: the others of the label's population.
        weight: sum of the weights of the rows that count.
        squares: sum of the squares of their weights.
        events: sum of the weights of those whose event happened.
    """

    rows: int = 0
    left_out: int = 0
    weight: float = 0.0
    squares: float = 0.0
    events: float = 0.0

    def __add__(self, other: "Rate") -> "Rate":
        """Returns the counts of both."""
        return Rate(**{name: value + getattr(other, name) for name, value in self})


class Unseen(Strict):
    """Which share of values a vocabulary does not know.

    Attributes:
        share: of the values of the span.
        rows: that have a value.
    """

    share: float
    rows: int


class Summary(Strict):
    """What was found of the spans of a window.

    Attributes:
        spans: ISO dates, the newest last.
        rows: examples of each.
        rates: by label and span.
        unseen: by feature, in the newest span and, if there are three spans, in the one before
            it. The vocabulary of each is made of equally many spans before it.
    """

    spans: tuple[str, ...]
    rows: dict[str, int]
    rates: dict[str, dict[str, Rate]]
    unseen: dict[str, tuple[Unseen, ...]]


def write_summary(uri: str, summary: Summary) -> None:
    """Keeps a summary in an artifact."""
    with fileio.open(f"{uri}/{_FILE}", "w") as file:
        file.write(summary.model_dump_json())


def read_summary(uri: str) -> Summary:
    """Returns the summary in an artifact."""
    with fileio.open(f"{uri}/{_FILE}") as file:
        return Summary.model_validate_json(file.read())


def write_sample(uri: str, group: Group, sample: pa.Table) -> None:
    """Keeps a sample of the newest span's rows, or of those before, in an artifact."""
    written = pa.BufferOutputStream()
    pa.parquet.write_table(sample, written)
    with fileio.open(f"{uri}/{group}.parquet", "wb") as file:
        file.write(written.getvalue().to_pybytes())


def read_sample(uri: str, group: Group) -> pa.Table:
    """Returns a sample: a column of lists for each column that is compared."""
    with fileio.open(f"{uri}/{group}.parquet", "rb") as file:
        return pa.parquet.read_table(pa.BufferReader(file.read()))
