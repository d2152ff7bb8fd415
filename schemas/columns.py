"""The columns of one labelled example: what ingestion writes and every later step reads.

A categorical feature is always text (the id 123 and the text "123" are the same value, whichever
file format it came from), a number always a float, a sequence a list of texts. A missing value is
an absent one.
"""

import dataclasses
from collections.abc import Iterable
from typing import Literal

from schemas.features import Features, Numeric, Sequence
from schemas.logs import (
    CLICK,
    CLICK_MATURE,
    CONVERSION,
    CONVERSION_COUNT,
    CONVERSION_MATURE,
    EXAMPLE_WEIGHT,
    IMPRESSION_ID,
    IMPRESSION_TIME,
    LABEL_AGE,
    VALUE,
    Logs,
)

Type = Literal["text", "float", "int"]


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of an example.

    Attributes:
        name: its name in the impressions log and in the example.
        type: text, float (32 bit) or int (64 bit).
        repeated: whether a row holds a list.
        role: what it is there for; an outcome is known only afterwards, as a label is, but no
            head learns it.
        separator: what parts the values of a list in a CSV field.
    """

    name: str
    type: Type
    repeated: bool = False
    role: Literal["feature", "label", "outcome", "key", "extra"] = "feature"
    separator: str = "|"


def length_name(column: str) -> str:
    """Returns the request input that says how many values of a repeated column count."""
    return f"{column}_length"


def feature_column(name: str, feature: object) -> Column:
    """Returns the raw column of a feature."""
    if isinstance(feature, Sequence):
        return Column(name, "text", repeated=True, separator=feature.separator)
    return Column(name, "float" if isinstance(feature, Numeric) else "text")


def example_columns(
    logs: Logs,
    features: Features,
    labels: Iterable[str],
    extras: Iterable[str] = (),
    *,
    sampled: bool = False,
) -> tuple[Column, ...]:
    """Returns the columns of an example: keys, features, extras, labels, outcomes.

    Args:
        logs: the logs; joining them makes the labels `click` and `conversion`.
        features: the model's inputs.
        labels: the labels that the heads name; those the join does not make are columns of the
            impressions log holding 0 or 1.
        extras: numeric columns of the impressions log that are no feature (a price in a score).
        sampled: whether unclicked impressions are sampled, hence examples weighted.
    """
    found = [Column(IMPRESSION_ID, "text", role="key"), Column(IMPRESSION_TIME, "int", role="key")]
    found += [feature_column(name, feature) for name, feature in features.items()]
    found += [
        Column(name, "float", role="extra")
        for name in dict.fromkeys(extras)
        if name not in features
    ]
    found += [
        Column(name, "int", role="label") for name in dict.fromkeys((*logs.labels(), *labels))
    ]
    return (*found, *_outcomes(logs, sampled))


def _outcomes(logs: Logs, sampled: bool) -> list[Column]:
    """Returns what joining tells of an impression beside its labels."""
    found = []
    if CLICK in logs.labels():
        found += [Column(LABEL_AGE, "int", role="outcome")]
        found += [Column(CLICK_MATURE, "int", role="outcome")]
    if CONVERSION in logs.labels():
        found += [Column(CONVERSION_MATURE, "int", role="outcome")]
        found += [Column(CONVERSION_COUNT, "int", role="outcome")]
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
        if column.role in ("feature", "extra")
        or (column.role == "label" and column.name not in logs.labels())
    )
