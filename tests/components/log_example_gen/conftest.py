"""Small logs, written by hand in any format, and the config that reads them."""

import gzip
import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from components.log_example_gen.config import IngestConfig
from schemas.columns import Column

MAY_1 = 1_714_521_600  # 2024-05-01 00:00 UTC, in seconds


@pytest.fixture
def may_1() -> int:
    return MAY_1


@pytest.fixture
def write_log(tmp_path: pathlib.Path) -> Callable[..., pathlib.Path]:
    """Writes one file of a log from its columns."""

    def write(
        log: str,
        day: str,
        columns: Mapping[str, Sequence[Any]],
        form: str = "parquet",
        name: str = "part",
    ) -> pathlib.Path:
        path = tmp_path / "logs" / log / day / f"{name}.{form}"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        if form == "parquet":
            pa.parquet.write_table(pa.table(dict(columns)), path)
            return path
        if form.startswith("jsonl"):
            text = "".join(json.dumps(row) + "\n" for row in rows)
        else:
            lines = [",".join(columns), *(",".join(map(_field, row.values())) for row in rows)]
            text = "\n".join(lines) + "\n"
        opened = gzip.open if form.endswith(".gz") else open
        with opened(path, "wb") as file:
            file.write(text.encode())
        return path

    return write


def _field(value: Any) -> str:
    if isinstance(value, list):
        return "|".join(map(str, value))
    return "" if value is None else str(value)


@pytest.fixture
def make_config(tmp_path: pathlib.Path) -> Callable[..., IngestConfig]:
    """Makes the config of three logs with a text, a number and a sequence."""

    def make(form: str = "parquet", events: bool = True, **changes: Any) -> IngestConfig:
        logs: dict[str, Any] = {"root": str(tmp_path / "logs")}
        for log in ("impressions", "clicks", "conversions")[: 3 if events else 1]:
            logs[log] = {
                "path": f"{log}/{{SPAN}}/*.{form}",
                "id": "id",
                "time": {"column": "time", "unit": "s"},
            }
        if events:
            logs["conversions"]["value"] = "price"
        columns = [
            Column("impression_id", "text", role="key"),
            Column("impression_time", "int", role="key"),
            Column("user", "text"),
            Column("age", "float"),
            Column("history", "text", repeated=True),
        ]
        columns += [Column("click", "int", role="label")]
        if events:
            columns += [
                Column("conversion", "int", role="label"),
                Column("label_age", "int", role="outcome"),
                Column("click_mature", "int", role="outcome"),
                Column("conversion_mature", "int", role="outcome"),
                Column("conversion_count", "int", role="outcome"),
                Column("value", "float", role="outcome"),
            ]
        given = {
            "logs": logs,
            "attribution": {"click_window": "1h", "conversion_window": "3d"},
            "split": {"by": "hash", "key": "user", "eval": "50%"},
            "columns": columns,
            **changes,
        }
        return IngestConfig.model_validate(given)

    return make


@pytest.fixture
def write_tiny_logs(write_log: Callable[..., pathlib.Path]) -> Callable[[str], None]:
    """Writes four impressions of 2024-05-01: bought, clicked, ignored, and ignored by nobody.

    Half of all users evaluate, by the MD5 of their names: dan and nobody do, ann does not.
    """

    def write(form: str = "parquet") -> None:
        write_log(
            "impressions",
            "2024-05-01",
            {
                "id": [1, 2, 3, 4],
                "time": [MAY_1, MAY_1 + 10, MAY_1 + 20, MAY_1 + 30],
                "user": ["ann", "dan", "ann", None],
                "age": [31.5, None, 31.5, 0.0],
                "history": [["x", "y"], ["z"], None, ["x"]],
            },
            form,
        )
        write_log("clicks", "2024-05-01", {"id": [1, 2], "time": [MAY_1 + 60, MAY_1 + 70]}, form)
        write_log(
            "conversions",
            "2024-05-02",
            {"id": [1], "time": [MAY_1 + 86_400], "price": [9.5]},
            form,
        )

    return write
