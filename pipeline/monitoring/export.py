"""The figures of every hour for machines: a Parquet file, or JSON."""

import dataclasses
import datetime
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from pipeline.monitoring.figures import Figures, Served
from pipeline.monitoring.watch import Watched

_SCHEMA = pa.schema(
    [
        ("hour", pa.timestamp("us", "UTC")),
        ("whole", pa.bool_()),
        ("served", pa.int64()),
        ("unshown", pa.int64()),
        ("output", pa.string()),
        ("scored", pa.float64()),
        ("immature", pa.int64()),
        ("rows", pa.int64()),
        ("positives", pa.int64()),
        ("label", pa.float64()),
        ("predicted", pa.float64()),
        *((name, pa.float64()) for name in ("copc", "copc_low", "copc_high")),
        *((name, pa.float64()) for name in ("auc", "auc_low", "auc_high")),
    ]
)


def write_hours(watched: Watched, out: Path) -> None:
    """Writes a row for each hour and output; null where a figure cannot be told.

    The file appears at once, when it is complete.
    """
    rows = [
        {"hour": hour.begins, "whole": hour.whole, **told}
        for hour in watched.hours
        for told in _rows(hour.served)
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    try:
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows, _SCHEMA), part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def as_json(watched: Watched) -> str:
    """Returns everything that was found, as JSON; null where a figure cannot be told."""
    moment = datetime.datetime.fromtimestamp(watched.period.known_until / 1_000_000, datetime.UTC)
    told = {
        "known_until": moment,
        "repeated": watched.repeated,
        "left_out": watched.left_out,
        "outputs": _rows(watched.total),
        "versions": {name: _rows(served) for name, served in watched.versions.items()},
        "hours": [
            {"hour": hour.begins, "whole": hour.whole, **told}
            for hour in watched.hours
            for told in _rows(hour.served)
        ],
        "alerts": [_finite(dataclasses.asdict(alert)) for alert in watched.alerts],
    }
    return json.dumps(told, indent=1, default=lambda moment: moment.isoformat())


def _rows(served: Served) -> list[dict[str, Any]]:
    volume = {"served": served.rows, "unshown": served.unshown}
    return [{**volume, **_finite(_flat(figures))} for figures in served.outputs]


def _flat(figures: Figures) -> dict[str, Any]:
    told = {
        name: value
        for name, value in dataclasses.asdict(figures).items()
        if not isinstance(value, dict)
    }
    for name, ratio in (("copc", figures.copc), ("auc", figures.auc)):
        told |= {name: ratio.value, f"{name}_low": ratio.low, f"{name}_high": ratio.high}
    return told


def _finite(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in told.items()
    }
