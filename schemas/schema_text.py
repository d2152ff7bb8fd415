"""The TFMD schema of examples, derived from their columns, as text.

A schema so derived says what is certain of any pipeline: names, types, that keys are always there
and labels are 0 or 1. What only a human knows (domains, how often a column may be missing) is
added by hand in a curated `.pbtxt` beside this file.

No feature gets a `shape`: TFX then reads every column as sparse (VarLen), in which a missing value
is an absent one and not a zero.
"""

import json
from collections.abc import Iterable

from schemas.columns import Column

_TYPES = {"text": "BYTES", "float": "FLOAT", "int": "INT"}
_ONE_VALUE = "value_count { min: 1 max: 1 }"


def schema_text(columns: Iterable[Column]) -> str:
    """Returns a `tensorflow.metadata.v0.Schema` in protobuf's text format.

    Args:
        columns: of one example, as `schemas.columns.example_columns` lists them.

    Returns:
        One `feature` a column, in their order.
    """
    return "".join(_feature(column) for column in columns)


def _feature(column: Column) -> str:
    lines = [
        f"name: {json.dumps(column.name, ensure_ascii=False)}",
        f"type: {_TYPES[column.type]}",
        *_bounds(column),
    ]
    return "".join(["feature {\n", *(f"  {line}\n" for line in lines), "}\n"])


def _bounds(column: Column) -> tuple[str, ...]:
    """Returns how many values a row may hold, and in how many rows there must be one."""
    if column.role == "key":
        return _ONE_VALUE, "presence { min_fraction: 1 min_count: 1 }"
    if column.role == "label":
        # Never missing by itself, but an event may be too young to be known.
        events = ("int_domain { min: 0 max: 1 }",) if column.type == "int" else ()
        return _ONE_VALUE, "presence { min_count: 1 }", *events
    if column.role in ("outcome", "target"):
        return (_ONE_VALUE,)
    if column.repeated:
        return ()
    return "value_count { max: 1 }", "presence { min_count: 1 }"
