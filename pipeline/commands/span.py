"""A span as an option takes it."""

import datetime
from typing import Any

import click


class Span(click.ParamType):
    """A date in ISO 8601, as in 2026-01-31."""

    name = "date"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime.date:
        """Returns the date.

        Raises:
            click.BadParameter: if it cannot be read, with an example.
        """
        from schemas.spans import parse_span

        try:
            return parse_span(str(value))
        except ValueError as error:
            return self.fail(str(error), param, ctx)
