"""A moment as an option takes it."""

import datetime
from typing import Any

import click


class Moment(click.ParamType):
    """A date or a time in ISO 8601; UTC where it names no zone."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime.datetime:
        """Returns the moment.

        Raises:
            click.BadParameter: if it cannot be read, with an example.
        """
        from components.log_example_gen.config import parse_as_of

        try:
            return parse_as_of(str(value))
        except ValueError:
            return self.fail(
                "a moment is a date or a time in ISO 8601, as in 2024-05-03 or "
                f"2024-05-03T14:00Z. Received: {value!r}",
                param,
                ctx,
            )
