"""Gates: the bars a model must reach before it is pushed, read from YAML such as `>= 0.6`."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import pydantic

from schemas.measurable import WANTED, Measurable
from schemas.strict import Strict

# In a gate on a slice: every value of that feature, one verdict each.
EVERY = "*"

_UNSIGNED = r"\d*\.?\d+(?:[eE][-+]?\d+)?"
_NUMBER = rf"[-+]?{_UNSIGNED}"
_ABSOLUTE = re.compile(rf"(>=|<=)\s*({_NUMBER})")
_RELATIVE = re.compile(rf"(>=|<=)\s*([a-z]\w*)(?:\s*([-+*])\s*({_UNSIGNED}))?")
_BAND = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})")
_SIDES = {">=": "lower", "<=": "upper"}
_NOT_WORSE = re.compile(r"not\s+worse\s+than\s+([a-z]\w*)")
_CONFIDENT = re.compile(r"(.*\S)\s+with\s+95\s*%\s+confidence")
_NAME = re.compile(r"([^\[\]]+?)\s*(?:\[(.*)\])?", re.DOTALL)
# The comma after one value of a slice; a value may have commas itself, as `[8, 16)`.
_NEXT_VALUE = re.compile(r",\s*(?=[^,=\[\]]+=)")


class Bar(Strict):
    """A bar as written.

    Attributes:
        bar: `>= 0.6`, `>= baseline - 0.002`, `0.9 .. 1.1`, `not worse than baseline`, ...
        min_positives: with fewer positive rows the gate does not speak; None speaks always.
    """

    bar: str
    min_positives: Annotated[int, pydantic.Field(ge=1)] | None = None

    @pydantic.model_validator(mode="before")
    @classmethod
    def _may_be_the_text_alone(cls, given: Any) -> Any:
        return given if isinstance(given, Mapping | Bar) else {"bar": str(given)}

    @pydantic.model_serializer
    def _as_written(self) -> dict[str, Any] | str:
        if self.min_positives is None:
            return self.bar
        return {"bar": self.bar, "min_positives": self.min_positives}


def _listed(given: Any) -> Any:
    if given in ([], ()):
        raise ValueError("a gate needs a bar, as in '>= 0.6'. Received: none")
    return given if isinstance(given, list | tuple) else [given]


def _as_written(bars: Sequence[Bar]) -> Any:
    written = [bar.model_dump() for bar in bars]
    return written[0] if len(written) == 1 else written


# What stands beside the name of a gate: a bar, or several that all must be reached.
Bars = Annotated[
    tuple[Bar, ...],
    pydantic.BeforeValidator(_listed, json_schema_input_type=str | Bar | list[str | Bar]),
    pydantic.PlainSerializer(_as_written),
]


class Gate(Strict):
    """A bar for one metric of one output; both ends are included.

    Attributes:
        output: head or joint the metric is of.
        metric: one of those that `Measurable.metrics` knows.
        slice: value by feature, `*` for each one; empty for all rows.
        bar: the bar as written.
        lower: least allowed value, None if there is none; of a relative bar, what is added to the
            other model's.
        upper: greatest allowed value, likewise.
        other: the model that the bar is relative to.
        factor: by which the other model's value is multiplied first.
        confident: whether the 95 % interval must reach the bar, not only the value.
        not_worse: which way the metric is better, if the bar is that a model is not worse.
        min_positives: with fewer positive rows the gate does not speak.
    """

    output: str
    metric: str
    slice: Mapping[str, str] = {}
    bar: str
    lower: float | None = None
    upper: float | None = None
    other: str | None = None
    factor: float = 1.0
    confident: bool = False
    not_worse: Literal["up", "down", "one"] | None = None
    min_positives: int | None = None

    @property
    def name(self) -> str:
        """The name as in the YAML: `<output>.<metric>`, and the slice in brackets."""
        return gate_name(f"{self.output}.{self.metric}", self.slice)


class Gates(pydantic.RootModel[tuple[Gate, ...]]):
    """The gates of a pipeline, as they travel to the step that asks them."""


def gate_name(measured: str, values: Mapping[str, str]) -> str:
    """Returns `<output>.<metric>[feature=value, ...]`, without brackets where all rows count."""
    within = ", ".join(f"{feature}={value}" for feature, value in values.items())
    return f"{measured}[{within}]" if within else measured


def parse_gate(name: str, bar: Bar, measurable: Measurable) -> Gate:
    """Reads one gate.

    Args:
        name: `<output>.<metric>`, or of a slice `<output>.<metric>[device=phone, hour=*]`.
        bar: the bar that stands beside it.
        measurable: what an evaluation will find.

    Raises:
        ValueError: if an evaluation will not find that, or the bar cannot be read.
    """
    match = _NAME.fullmatch(name.strip())
    if match is None:
        raise ValueError(
            f"gate {name!r} cannot be read. Write `ctr.auc`, or of a slice `ctr.auc[device=phone]`"
        )
    output, _, metric = match[1].rpartition(".")
    measurable.check(name, output, metric)
    values = {} if match[2] is None else _values(name, match[2], measurable)
    bounds = _read(name, bar.bar.strip(), metric, measurable)
    return Gate(
        output=output,
        metric=metric,
        slice=values,
        bar=bar.bar.strip(),
        min_positives=bar.min_positives,
        **bounds,
    )


def _values(name: str, text: str, measurable: Measurable) -> dict[str, str]:
    """Returns the values of a slice by feature, in the order of the config."""
    found: dict[str, str] = {}
    for part in _NEXT_VALUE.split(text):
        feature, _, value = (piece.strip() for piece in part.partition("="))
        if not feature or not value or feature in found:
            raise ValueError(
                f"gate {name!r} has a slice that cannot be read: {text!r}. Write one value a "
                "feature, as in [device=phone, hour=3], or [device=*] for each value"
            )
        found[feature] = value
    return {feature: found[feature] for feature in measurable.slice_of(name, found)}


def _read(name: str, text: str, metric: str, measurable: Measurable) -> dict[str, Any]:
    """Returns the fields of a gate that its bar says."""
    if match := _NOT_WORSE.fullmatch(text):
        wanted = WANTED.get(metric.partition("@")[0])
        if wanted is None:
            raise ValueError(
                f"gate {name!r}: no {metric} is better than another, so none is worse. Write "
                "bounds, as in '0.9 .. 1.1'"
            )
        measurable.check_model(name, match[1])
        return {"other": match[1], "not_worse": wanted}
    match = _CONFIDENT.fullmatch(text)
    fields = _bounds(match[1] if match else text)
    if fields is None:
        raise ValueError(
            f"gate {name!r} has a bar that cannot be read: {text!r}. Write '>= 0.6', '<= 0.3', "
            "'0.9 .. 1.1', '>= baseline - 0.002', '<= baseline * 1.01', any of these followed by "
            "'with 95% confidence', or 'not worse than baseline'"
        )
    if "other" in fields:
        measurable.check_model(name, fields["other"])
    return fields | {"confident": match is not None}


def _bounds(text: str) -> dict[str, Any] | None:
    """Returns the fields of a gate with bounds; None if they cannot be read."""
    fields: dict[str, Any]
    if match := _ABSOLUTE.fullmatch(text):
        fields = {_SIDES[match[1]]: float(match[2])}
    elif match := _BAND.fullmatch(text):
        fields = {"lower": float(match[1]), "upper": float(match[2])}
        if fields["lower"] > fields["upper"]:
            return None
    elif match := _RELATIVE.fullmatch(text):
        sign, other, operator, number = match.groups()
        if operator == "*":
            fields = {"other": other, "factor": float(number), _SIDES[sign]: 0.0}
        else:
            fields = {"other": other, _SIDES[sign]: float(f"{operator or '+'}{number or 0}")}
    else:
        return None
    numbers = [value for value in fields.values() if isinstance(value, float)]
    return fields if all(map(math.isfinite, numbers)) and fields.get("factor", 1) > 0 else None
