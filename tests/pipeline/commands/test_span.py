import datetime

import click
import pytest

from pipeline.commands.span import Span


def test_a_span_is_a_date():
    assert Span().convert("2026-01-31", None, None) == datetime.date(2026, 1, 31)


@pytest.mark.parametrize("text", ["yesterday", "2026-02-31", "2026-01-31T00:00Z", ""])
def test_what_is_no_date_is_refused_with_an_example(text):
    with pytest.raises(click.BadParameter) as refused:
        Span().convert(text, None, None)
    assert refused.value.message == f"a span is a date, as in 2026-01-31. Received: {text!r}"
