"""The three logs: where they lie, their keys, clocks and windows, and how a run splits them."""

import re
from typing import Annotated, Any, Literal

import pydantic

from schemas.duration import Seconds
from schemas.share import LessThanAll, Limit, Part, share_text
from schemas.strict import Strict

SPAN = "{SPAN}"
IMPRESSION_ID = "impression_id"
IMPRESSION_TIME = "impression_time"
CLICK = "click"
CONVERSION = "conversion"
CONVERSION_COUNT = "conversion_count"
CONVERSION_DELAY = "conversion_delay"
VALUE = "value"
LABEL_AGE = "label_age"
CLICK_MATURE = "click_mature"
CONVERSION_MATURE = "conversion_mature"
SETTLED = "settled"
EXAMPLE_WEIGHT = "example_weight"

# Where an example goes: what trains, what training is watched on, what the model is judged on. In a
# split by time, in this order.
TRAIN = "train"
VALIDATION = "validation"
EVAL = "eval"
SPLITS = (TRAIN, VALIDATION, EVAL)

# Names that the join gives to columns of an example.
JOINED_COLUMNS = (
    CLICK,
    CONVERSION,
    CONVERSION_COUNT,
    CONVERSION_DELAY,
    VALUE,
    LABEL_AGE,
    CLICK_MATURE,
    CONVERSION_MATURE,
    SETTLED,
    EXAMPLE_WEIGHT,
)


class Clock(Strict):
    """The column that says when an event happened, and its unit (since 1970, UTC)."""

    column: str
    unit: Literal["s", "ms", "us", "iso"] = "s"


class Log(Strict):
    """One log: a glob in which `{SPAN}` stands for a date, and the columns every row must have.

    Attributes:
        path: the glob; `**` stands for any number of folders.
        id: the column, or the columns together, that name an impression.
        time: when it happened.
        event_id: of clicks and conversions, the column that names the event itself (an order
            number): rows with the same one are the same event.
        value: of conversions, the column with what it was worth.
    """

    path: str
    id: Annotated[
        tuple[str, ...],
        pydantic.Field(min_length=1),
        pydantic.WithJsonSchema(
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
        ),
    ]
    time: Clock
    event_id: str | None = None
    value: str | None = None

    @pydantic.field_validator("id", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @pydantic.field_validator("id")
    @classmethod
    def _distinct(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(columns)) < len(columns):
            raise ValueError(f"an id names each column once. Received: {list(columns)}")
        return columns

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
    def _agree(self) -> "Logs":
        if self.conversions is not None and self.clicks is None:
            raise ValueError(
                "`conversions` are attributed through clicks: give a `clicks` log as well"
            )
        if self.impressions.event_id is not None:
            raise ValueError("`event_id` is for clicks and conversions: an impression has its `id`")
        for name, log in self.present().items():
            if name != "conversions" and log.value is not None:
                raise ValueError(f"`value` is what conversions are worth: {name} have none")
            if len(log.id) != len(self.impressions.id):
                raise ValueError(
                    f"the id of {name} must have as many columns as that of impressions, in the "
                    f"same order. Received: {list(log.id)} and {list(self.impressions.id)}"
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


class ViewThrough(Strict):
    """Conversions that follow an impression without a click.

    Attributes:
        window: how long after the impression they count as such.
        label: whether they make the impression's `conversion` 1; otherwise they are only counted.
    """

    window: Seconds
    label: bool = False


class Attribution(Strict):
    """Which click belongs to an impression and which conversion to a click.

    Attributes:
        click_window: a click counts from the impression until so much later, both ends included.
        conversion_window: a conversion counts from its click until so much later.
        click: which of several clicks that count a conversion is measured from: the first of the
            impression, or the last before the conversion.
        tolerance: an event may seem so much earlier than what it follows: clocks differ.
        view_through: how conversions without a click are told from others; not at all if absent.
        duplicates: which of several rows that are the same impression or event is kept.
    """

    click_window: Seconds = 3600
    conversion_window: Seconds = 3 * 86400
    click: Literal["first", "last"] = "first"
    tolerance: Seconds = 0
    view_through: ViewThrough | None = None
    duplicates: Literal["first"] = "first"

    def click_reach(self) -> int:
        """Returns the seconds after an impression in which a click of it may count."""
        return self.click_window

    def conversion_reach(self) -> int:
        """Returns the seconds after an impression in which a conversion of it may count."""
        view = 0 if self.view_through is None else self.view_through.window
        return max(self.click_window + self.conversion_window, view)


class Sampling(Strict):
    """Leaves out most unclicked impressions of the training split, at random by their ids.

    Attributes:
        unclicked: the share that is kept; each stands for 1 / share impressions.
    """

    unclicked: Part


class Limits(Strict):
    """How much of the logs may be unusable before a run stops.

    Attributes:
        max_rejects: malformed rows, of each log.
        max_orphans: events that match no impression, of each log.
        max_broken_files: files that could not be read to their end.
    """

    max_rejects: Limit = 0.01
    max_orphans: Limit = 1.0
    max_broken_files: pydantic.NonNegativeInt = 0


def _parse_spans(text: object) -> int:
    match = re.fullmatch(r"(\d+)( spans?)?", str(text).strip())
    if match is None:
        raise ValueError(
            f"a split by time counts a number of spans, as in `1 span`. Received: {text!r}"
        )
    return int(match[1])


_Spans = Annotated[
    int,
    pydantic.BeforeValidator(_parse_spans),
    pydantic.WithJsonSchema({"type": ["integer", "string"]}),
]


class TimeSplit(Strict):
    """The last `eval` spans of a run are its evaluation split, those before them its validation.

    Attributes:
        eval: how many spans are for evaluation.
        validation: how many are for validation; none by default.
    """

    by: Literal["time"] = "time"
    eval: _Spans
    validation: _Spans = 0

    @pydantic.field_validator("eval")
    @classmethod
    def _some(cls, spans: int) -> int:
        if spans < 1:
            raise ValueError(
                "a split by time evaluates on one span or more: a number of spans, as in `1 span`. "
                f"Received: {spans}"
            )
        return spans

    @property
    def held_back(self) -> int:
        """How many spans do not train."""
        return self.eval + self.validation

    @property
    def told(self) -> str:
        """What is held back, in words."""
        validated = f" and {self.validation} for validation" if self.validation else ""
        return f"{self.eval} for evaluation{validated}"


class HashSplit(Strict):
    """Shares of the values of column `key` (all their rows) are held back from training.

    Attributes:
        key: a column of the impressions.
        eval: the share that is for evaluation.
        validation: the share that is for validation; none by default.
    """

    by: Literal["hash"]
    key: str
    eval: Part
    validation: LessThanAll = 0.0

    @pydantic.model_validator(mode="after")
    def _leaves_some(self) -> "HashSplit":
        # Rounded, for 90% and 10% may be a little less than all.
        if round(self.eval + self.validation, 9) >= 1:
            raise ValueError(
                f"eval: {share_text(self.eval)} and validation: {share_text(self.validation)} "
                "leave nothing to train on. Lower one of them"
            )
        return self


Split = Annotated[TimeSplit | HashSplit, pydantic.Field(discriminator="by")]


def split_names(split: TimeSplit | HashSplit) -> tuple[str, ...]:
    """Returns the splits that a run's examples are in, in the order of SPLITS."""
    return tuple(name for name in SPLITS if name != VALIDATION or split.validation)
