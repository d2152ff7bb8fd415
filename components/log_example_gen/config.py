"""What LogExampleGen is told: logs, windows, split, sampling, the columns of an example, when."""

import datetime
from collections.abc import Mapping, Sequence

from schemas.columns import Column
from schemas.logs import (
    EVAL,
    TRAIN,
    VALIDATION,
    Attribution,
    Logs,
    Sampling,
    Split,
    TimeSplit,
)
from schemas.strict import Strict

EPOCH = datetime.date(1970, 1, 1)
_MIDNIGHT = datetime.time(tzinfo=datetime.UTC)


class IngestConfig(Strict):
    """Everything that decides how logs become examples, apart from the spans and the cut-off.

    Attributes:
        logs: where the three logs lie, their keys and clocks.
        attribution: which click belongs to an impression and which conversion to a click.
        split: which examples are for training, validation and evaluation.
        sampling: which training examples are left out; none if absent.
        columns: the columns of an example, as `schemas.columns.example_columns` returns them.
        code: a hash of the code that makes them: changed code, other examples.
    """

    logs: Logs
    attribution: Attribution
    split: Split
    sampling: Sampling | None = None
    columns: tuple[Column, ...]
    code: str = ""


def parse_as_of(text: str) -> datetime.datetime:
    """Returns the moment in ISO 8601 text, in UTC where it names no zone.

    A date alone is its midnight: what happened on that day was not known yet.

    Raises:
        ValueError: if `text` is no such moment.
    """
    try:
        moment = datetime.datetime.fromisoformat(text.strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        return moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            "a cut-off is a date or a time in ISO 8601, as in 2024-05-03 or 2024-05-03T14:00Z. "
            f"Received: {text!r}"
        ) from error


def cut_off(
    as_of: datetime.datetime, spans: Sequence[datetime.date], attribution: Attribution
) -> datetime.datetime:
    """Returns the moment up to which events are known.

    That is `as_of`, or when the last window of the last span closes, if that is earlier: what
    comes later changes no label, so that old spans give the same examples whenever they are read.

    Raises:
        ValueError: if `as_of` lies before the first span, so that nothing was known.
    """
    first, last = min(spans), max(spans)
    if as_of <= datetime.datetime.combine(first, _MIDNIGHT):
        raise ValueError(
            f"as of {as_of.isoformat()} nothing of span {first} was known: give a later cut-off, "
            "or earlier spans"
        )
    ends = datetime.datetime.combine(last + datetime.timedelta(days=1), _MIDNIGHT)
    return min(as_of, ends + datetime.timedelta(seconds=attribution.conversion_reach()))


def span_number(span: datetime.date) -> int:
    """Returns TFX's number of a span: days since 1970-01-01."""
    return (span - EPOCH).days


def splits_of_spans(split: Split, spans: Sequence[datetime.date]) -> Mapping[datetime.date, str]:
    """Returns the split that each span's impressions are in; nothing if the split is by hash.

    Raises:
        ValueError: if a split by time would leave no span to train on.
    """
    if not isinstance(split, TimeSplit):
        return {}
    trained = len(spans) - split.held_back
    if trained < 1:
        raise ValueError(
            f"a split by time keeps the last spans ({split.told}) and trains on the others, so it "
            f"needs at least {split.held_back + 1} spans. Received: {len(spans)} "
            f"({', '.join(map(str, spans))}). Give more spans, hold back fewer, or split by hash"
        )
    names = [TRAIN] * trained + [VALIDATION] * split.validation + [EVAL] * split.eval
    return dict(zip(sorted(spans), names, strict=True))
