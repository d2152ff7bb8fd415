"""Small logs, written by hand in any format, the config that reads them, and a run over them.

What needs TensorFlow or TFX is imported where it is used: most tests here need neither.
"""

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
                Column("settled", "int", role="outcome"),
                Column("conversion_count", "int", role="outcome"),
                Column("conversion_delay", "int", role="outcome"),
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


@pytest.fixture
def run(tmp_path: pathlib.Path) -> Callable[..., list[Any]]:
    """Runs the executor as TFX does; returns its artifacts."""
    import apache_beam as beam
    from tfx.types import standard_artifacts

    from components.log_example_gen.artifacts import LogLedger, LogRejects
    from components.log_example_gen.executor import Executor

    def execute(
        config: IngestConfig,
        span: str = "2024-05-01",
        window: int = 1,
        name: str = "run",
        as_of: str = "",
        fingerprint: str = "",
    ) -> list[Any]:
        outputs = {
            "examples": [standard_artifacts.Examples()],
            "ledger": [LogLedger()],
            "rejects": [LogRejects()],
        }
        for key, [artifact] in outputs.items():
            artifact.uri = str(tmp_path / name / key)
        context = Executor.Context(
            # With arguments TFX would first pack itself for remote workers, which takes seconds.
            make_beam_pipeline_fn=lambda: beam.Pipeline(argv=["--runner=FnApiRunner"]),
            tmp_dir=str(tmp_path),
            unique_id=name,
        )
        properties = {"config": config.model_dump_json(), "span": span, "window": window}
        properties |= {"as_of": as_of, "fingerprint": fingerprint}
        Executor(context).Do({}, outputs, properties)
        return [artifact for [artifact] in outputs.values()]

    return execute


@pytest.fixture
def decode() -> Callable[[bytes], dict[str, list[Any]]]:
    """Reads the features of an example (a Features message), as lists by name."""
    from tensorflow.core.example import feature_pb2

    def values(serialized: bytes) -> dict[str, list[Any]]:
        found = {}
        for name, feature in feature_pb2.Features.FromString(serialized).feature.items():
            found[name] = list(getattr(feature, feature.WhichOneof("kind")).value)
        return found

    return values


@pytest.fixture
def decode_example(
    decode: Callable[[bytes], dict[str, list[Any]]],
) -> Callable[[bytes], dict[str, list[Any]]]:
    """Reads a serialized tf.Example, as lists by name."""
    from tensorflow.core.example import example_pb2

    def values(serialized: bytes) -> dict[str, list[Any]]:
        example = example_pb2.Example.FromString(serialized)
        return decode(example.features.SerializeToString())

    return values


@pytest.fixture
def examples_of(
    decode_example: Callable[[bytes], dict[str, list[Any]]],
) -> Callable[..., list[dict[str, list[Any]]]]:
    """Reads the examples of a split, as lists by name, in order."""
    import tensorflow as tf

    def read(artifact: Any, split: str) -> list[dict[str, list[Any]]]:
        paths = sorted(map(str, pathlib.Path(artifact.uri, f"Split-{split}").iterdir()))
        records = tf.data.TFRecordDataset(paths, compression_type="GZIP")
        return [decode_example(record.numpy()) for record in records]

    return read


@pytest.fixture
def told() -> Callable[[Any], dict[str, Any]]:
    """Reads a ledger artifact."""
    return lambda ledger: json.loads(pathlib.Path(ledger.uri, "ledger.json").read_text())


@pytest.fixture
def rejected() -> Callable[[Any], list[tuple[Any, ...]]]:
    """Reads (file, row, column, value, reason, scope) of every reject, in order."""

    def read(rejects: Any) -> list[tuple[Any, ...]]:
        found = []
        for path in pathlib.Path(rejects.uri).iterdir():
            for row in pa.parquet.read_table(path).to_pylist():
                row["file"] = pathlib.Path(row["file"]).name
                found.append(tuple(row.values())[1:])
        return sorted(found, key=str)

    return read
