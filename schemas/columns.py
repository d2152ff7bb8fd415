"""The columns of one labelled example: what ingestion writes and every later step reads.

A categorical feature is always text (the id 123 and the text "123" are the same value, whichever
file format it came from), a number always a float, a sequence a list of texts. A missing value is
an absent one.
"""

import dataclasses
from collections.abc import Iterable
from typing import Literal

from schemas.features import Categorical, Features, Numeric, Sequence
from schemas.heads import Heads, labels, target_columns
from schemas.logs import (
    CLICK,
    CLICK_MATURE,
    CONVERSION,
    CONVERSION_COUNT,
    CONVERSION_DELAY,
    CONVERSION_MATURE,
    EXAMPLE_WEIGHT,
    IMPRESSION_ID,
    IMPRESSION_TIME,
    LABEL_AGE,
    SETTLED,
    VALUE,
    Logs,
)

Type = Literal["text", "float", "int"]
Role = Literal["feature", "label", "outcome", "key", "extra", "target", "position", "group"]


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of an example.

    Attributes:
        name: its name in the impressions log and in the example.
        type: text, float (32 bit) or int (64 bit).
        repeated: whether a row holds a list.
        role: what it is there for; an outcome is known only afterwards, as a label is, but no
            head learns it; a target (a mask, a weight), a position and a group teach, and no
            request brings them.
        separator: what parts the values of a list in a CSV field.
    """

    name: str
    type: Type
    repeated: bool = False
    role: Literal["feature", "label", "outcome", "key", "extra", "target", "position", "group"] = (
        "feature"
    )
    separator: str = "|"


def length_name(column: str) -> str:
    """Returns the request input that says how many values of a repeated column count."""
    return f"{column}_length"


def feature_column(name: str, feature: Categorical | Sequence | Numeric) -> Column:
    """Returns the raw column of a feature."""
    role: Role = "position" if feature.side == "position" else "feature"
    if isinstance(feature, Sequence):
        return Column(name, "text", repeated=True, role=role, separator=feature.separator)
    return Column(name, "float" if isinstance(feature, Numeric) else "text", role=role)


def example_columns(
    logs: Logs,
    features: Features,
    heads: Heads,
    extras: Iterable[str] = (),
    *,
    groups: Iterable[str] = (),
    sampled: bool = False,
) -> tuple[Column, ...]:
    """Returns the columns of an example: keys, features, extras, groups, labels, outcomes.

    Args:
        logs: the logs; joining them makes the labels `click` and `conversion`.
        features: the model's inputs.
        heads: what is learnt; labels, masks and weights that the join does not make are columns
            of the impressions log, events holding 0 or 1.
        extras: numeric columns of the impressions log that are no feature (a price in a score).
        groups: the columns that say which rows belong together: a request, a session, a user.
        sampled: whether unclicked impressions are sampled, hence examples weighted.
    """
    found = [Column(IMPRESSION_ID, "text", role="key"), Column(IMPRESSION_TIME, "int", role="key")]
    found += [feature_column(name, feature) for name, feature in features.items()]
    found += [
        Column(name, "float", role="extra")
        for name in dict.fromkeys(extras)
        if name not in features
    ]
    taken = {column.name for column in found}
    found += [
        Column(name, "text", role="group") for name in dict.fromkeys(groups) if name not in taken
    ]
    taken |= {column.name for column in found}
    numbers = {head.label for head in heads.values() if head.kind != "rate"}
    outcomes = _outcomes(logs, sampled)
    taken |= {column.name for column in outcomes}
    found += [
        Column(name, "float" if name in numbers else "int", role="label")
        for name in dict.fromkeys((*logs.labels(), *labels(heads)))
        if name not in taken
    ]
    taken |= {column.name for column in found}
    found += [
        Column(name, "float", role="target") for name in target_columns(heads) if name not in taken
    ]
    return (*found, *outcomes)


def _outcomes(logs: Logs, sampled: bool) -> list[Column]:
    """Returns what joining tells of an impression beside its labels."""
    found = []
    if CLICK in logs.labels():
        found += [Column(LABEL_AGE, "int", role="outcome")]
        found += [Column(CLICK_MATURE, "int", role="outcome")]
    if CONVERSION in logs.labels():
        found += [Column(CONVERSION_MATURE, "int", role="outcome")]
        found += [Column(SETTLED, "int", role="outcome")]
        found += [Column(CONVERSION_COUNT, "int", role="outcome")]
        found += [Column(CONVERSION_DELAY, "int", role="outcome")]
        if logs.conversions is not None and logs.conversions.value:
            found += [Column(VALUE, "float", role="outcome")]
    if sampled:
        found += [Column(EXAMPLE_WEIGHT, "float", role="outcome")]
    return found


def source_columns(columns: Iterable[Column], logs: Logs) -> tuple[Column, ...]:
    """Returns the columns that must come from the impressions log, keys and joined labels aside."""
    return tuple(
        column
        for column in columns
        if column.role in ("feature", "position", "extra", "group", "target")
        or (column.role == "label" and column.name not in logs.labels())
    )


def inputs(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Returns the raw columns that a request may bring: features and extras.

    Positions are not among them: they are not known yet.
    """
    return tuple(column for column in columns if column.role in ("feature", "extra"))
