"""What LogExampleGen is told: the logs, the windows, the split and the columns of an example."""

import datetime
import json
from collections.abc import Sequence

from schemas.columns import Column
from schemas.logs import Attribution, Logs, Split, TimeSplit
from schemas.strict import Strict

TRAIN = "train"
EVAL = "eval"
EPOCH = datetime.date(1970, 1, 1)


class IngestConfig(Strict):
    """Everything that decides how logs become examples, apart from the spans.

    Attributes:
        logs: where the three logs lie, their keys and clocks.
        attribution: which click belongs to an impression and which conversion to a click.
        split: which examples are for evaluation.
        columns: the columns of an example, as `schemas.columns.example_columns` returns them.
    """

    logs: Logs
    attribution: Attribution
    split: Split
    columns: tuple[Column, ...]


def parse_spans(text: str) -> tuple[datetime.date, ...]:
    """Returns the days in a JSON list of ISO dates, ascending and distinct.

    Raises:
        ValueError: if `text` is not such a list, or is empty.
    """
    try:
        spans = sorted({datetime.date.fromisoformat(day) for day in json.loads(text)})
    except (ValueError, TypeError) as error:
        raise ValueError(
            'spans are a JSON list of ISO dates, as in ["2024-05-01", "2024-05-02"]. '
            f"Received: {text!r}"
        ) from error
    if not spans:
        raise ValueError("spans must name at least one day. Received: []")
    return tuple(spans)


def span_number(span: datetime.date) -> int:
    """Returns TFX's number of a span: days since 1970-01-01."""
    return (span - EPOCH).days


def eval_spans(split: Split, spans: Sequence[datetime.date]) -> frozenset[datetime.date]:
    """Returns the spans whose impressions are for evaluation; none if the split is by hash.

    Raises:
        ValueError: if a split by time would leave no span to train on.
    """
    if not isinstance(split, TimeSplit):
        return frozenset()
    if len(spans) <= split.eval:
        raise ValueError(
            f"a split by time evaluates on the last {split.eval} span(s) and trains on the others, "
            f"so it needs at least {split.eval + 1} spans. Received: {len(spans)} "
            f"({', '.join(map(str, spans))}). Give more spans, a smaller `eval`, or split by hash"
        )
    return frozenset(sorted(spans)[-split.eval :])
