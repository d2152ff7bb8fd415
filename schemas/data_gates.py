"""Limits of how much the data of a span may differ from that of the spans before it."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

import pydantic

from schemas.columns import Column
from schemas.strict import Strict

OFF: Literal["off"] = "off"


def _number(fits: Callable[[float], bool], said: str) -> pydantic.BeforeValidator:
    def parse(given: Any) -> float | str:
        # YAML reads a bare `off` as false.
        if given is None or given is False or given == OFF:
            return OFF
        try:
            number = float("nan" if given is True else given)
        except (TypeError, ValueError):
            number = float("nan")
        if not fits(number):
            raise ValueError(f"{said}, or `off`. Received: {given!r}")
        return number

    return pydantic.BeforeValidator(parse)


Distance = Annotated[
    float | Literal["off"],
    _number(lambda x: 0 < x <= 1, "a part of the values is above 0 and at most 1"),
]
Lost = Annotated[
    float | Literal["off"],
    _number(lambda x: 0 < x <= 1, "a lost part is above 0 and at most 1, which is all of it"),
]
Factor = Annotated[
    float | Literal["off"],
    _number(lambda x: 1 < x < float("inf"), "a factor is above 1, as in 2 for a doubling"),
]


class FeatureLimits(Strict):
    """Limits of one feature in place of those of all; an absent one is as for all.

    Attributes:
        drift: as in `DataGates`.
        skew: likewise.
        coverage: likewise.
        unseen: likewise.
    """

    drift: Distance | None = None
    skew: Distance | None = None
    coverage: Lost | None = None
    unseen: Factor | None = None


class DataGates(Strict):
    """What stops a run before anything is learnt from its data; `off` switches a check off.

    Every check compares the newest span with the spans before it in the window, but for `skew`.

    Attributes:
        drift: greatest part of a feature's values that may have become others: L-infinity, the
            most by which the share of one value changed, of texts; of numbers the Jensen-Shannon
            divergence that replacing this part makes, 0.108 for 0.2.
        skew: the same between the newest span's examples and what was served of it.
        coverage: how much of a feature's coverage, the share of rows that have a value, may not
            be lost; 1 is for features that vanish.
        rate: by which factor the rate of a label may not rise or fall.
        unseen: by which factor the share of values that a vocabulary does not know may not rise.
        features: other limits of single features.
        labels: another `rate` of single labels.
    """

    drift: Distance = 0.2
    skew: Distance = 0.1
    coverage: Lost = 0.5
    rate: Factor = 1.5
    unseen: Factor = 1.5
    features: dict[str, FeatureLimits] = pydantic.Field(default_factory=dict)
    labels: dict[str, Factor] = pydantic.Field(default_factory=dict)

    def of(self, feature: str) -> "FeatureLimits":
        """Returns the limits of a feature, none of them None."""
        own = self.features.get(feature, FeatureLimits())
        return FeatureLimits.model_validate(
            {name: getattr(self, name) if value is None else value for name, value in own}
        )

    def rate_of(self, label: str) -> float | Literal["off"]:
        """Returns by which factor the rate of a label may not change."""
        return self.labels.get(label, self.rate)

    def check(self, columns: Iterable[Column], labels: Iterable[str]) -> None:
        """Checks that limits are of features and labels that there are.

        Args:
            columns: of an example.
            labels: of the heads that are rates.

        Raises:
            ValueError: naming what is not there, and what is.
        """
        for what, given, known in (
            ("features", self.features, [column.name for column in watched(columns)]),
            ("labels", self.labels, list(dict.fromkeys(labels))),
        ):
            if strangers := [name for name in given if name not in known]:
                raise ValueError(
                    f"data.{what} has limits of {', '.join(strangers)}, and there is no such "
                    f"thing. Known are: {', '.join(known) or 'none'}"
                )


def watched(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Returns the columns whose values are compared: what a model or a score reads."""
    return tuple(column for column in columns if column.role in ("feature", "position", "extra"))


def kind(column: Column) -> Literal["categorical", "sequence", "numeric"]:
    """Returns how a column's values are compared."""
    if column.type == "text":
        return "sequence" if column.repeated else "categorical"
    return "numeric"
