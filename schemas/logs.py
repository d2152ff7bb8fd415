"""The three logs: where they lie, their keys, clocks and windows, and how a run splits them."""

import re
from typing import Annotated, Literal

import pydantic

from schemas.duration import Seconds
from schemas.strict import Strict

SPAN = "{SPAN}"
IMPRESSION_ID = "impression_id"
IMPRESSION_TIME = "impression_time"
CLICK = "click"
CONVERSION = "conversion"
VALUE = "value"


class Clock(Strict):
    """The column that says when an event happened, and its unit (since 1970, UTC)."""

    column: str
    unit: Literal["s", "ms", "us", "iso"] = "s"


class Log(Strict):
    """One log: a glob in which `{SPAN}` stands for a date, and the columns every row must have."""

    path: str
    id: str
    time: Clock
    value: str | None = None

    @pydantic.field_validator("path")
    @classmethod
    def _has_span(cls, path: str) -> str:
        if SPAN not in path:
            raise ValueError(f"a path must contain {SPAN}, the date of a span. Received: {path!r}")
        return path


class Logs(Strict):
    """The logs of one pipeline. Without `clicks` the labels are columns of the impressions."""

    root: str = "."
    impressions: Log
    clicks: Log | None = None
    conversions: Log | None = None

    @pydantic.model_validator(mode="after")
    def _conversions_follow_clicks(self) -> "Logs":
        if self.conversions is not None and self.clicks is None:
            raise ValueError(
                "`conversions` are attributed through clicks: give a `clicks` log as well"
            )
        return self

    def present(self) -> dict[str, Log]:
        """Returns the logs that are configured, by name."""
        logs = {
            "impressions": self.impressions,
            "clicks": self.clicks,
            "conversions": self.conversions,
        }
        return {name: log for name, log in logs.items() if log is not None}

    def labels(self) -> tuple[str, ...]:
        """Returns the labels that joining these logs makes."""
        made = {"clicks": CLICK, "conversions": CONVERSION}
        return tuple(made[name] for name in self.present() if name in made)


class Attribution(Strict):
    """Which click belongs to an impression and which conversion to a click.

    A click counts from the impression until `click_window` later, a conversion from the first
    such click until `conversion_window` later, both ends included. Of rows with the same id the
    earliest is kept.
    """

    click_window: Seconds = 3600
    conversion_window: Seconds = 3 * 86400
    duplicates: Literal["first"] = "first"


class TimeSplit(Strict):
    """The last `eval` spans of a run are its evaluation split."""

    by: Literal["time"] = "time"
    eval: Annotated[int, pydantic.WithJsonSchema({"type": ["integer", "string"]})]

    @pydantic.field_validator("eval", mode="before")
    @classmethod
    def _parse_spans(cls, text: object) -> int:
        match = re.fullmatch(r"([1-9]\d*)( spans?)?", str(text).strip())
        if match is None:
            raise ValueError(
                "a split by time evaluates on a number of spans, as in `1 span`. "
                f"Received: {text!r}"
            )
        return int(match[1])


class HashSplit(Strict):
    """A share `eval` of the values of column `key` (all their rows) is the evaluation split."""

    by: Literal["hash"]
    key: str
    eval: Annotated[
        float,
        # 15 digits: 7% is 0.07, and 100 times that is 7.000000000000001.
        pydantic.PlainSerializer(lambda share: f"{100 * share:.15g}%", return_type=str),
        pydantic.WithJsonSchema({"type": "string"}),
    ]

    @pydantic.field_validator("eval", mode="before")
    @classmethod
    def _parse_share(cls, text: object) -> float:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", str(text).strip())
        if match is None or not 0 < float(match[1]) < 100:
            raise ValueError(
                "a split by hash evaluates on a share between 0% and 100%, as in `10%`. "
                f"Received: {text!r}"
            )
        return float(match[1]) / 100


Split = Annotated[TimeSplit | HashSplit, pydantic.Field(discriminator="by")]
