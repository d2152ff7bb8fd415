"""The spans of a run: days, and how they are written down."""

import datetime
import json
from collections.abc import Iterable

# Custom property of examples, and a file beside what was learnt of them: spans as text.
SPANS = "spans"
SPANS_FILE = "spans.json"


def spans_text(spans: Iterable[datetime.date]) -> str:
    """Returns days as a JSON list of ISO dates."""
    return json.dumps([span.isoformat() for span in spans])


def parse_span(text: str) -> datetime.date:
    """Returns the day of an ISO date.

    Raises:
        ValueError: if `text` is none.
    """
    try:
        return datetime.date.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"a span is a date, as in 2026-01-31. Received: {text!r}") from error


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
