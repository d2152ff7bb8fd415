"""Windows of small spans as LogExampleGen leaves them, and what SpanStatistics finds of them.

What needs TensorFlow or TFX is imported where it is used: most tests need neither.
"""

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from schemas.columns import Column

# Two texts with a vocabulary and without, a list, a number, two labels.
WINDOW_COLUMNS = (
    Column("impression_id", "text", role="key"),
    Column("item", "text"),
    Column("device", "text"),
    Column("history", "text", repeated=True),
    Column("price", "float"),
    Column("click", "int", role="label"),
    Column("conversion", "int", role="label"),
    Column("conversion_mature", "int", role="outcome"),
    Column("settled", "int", role="outcome"),
)
WINDOW_FEATURES: Mapping[str, Mapping[str, Any]] = {
    "item": {"kind": "categorical", "side": "item", "vocabulary": {"max_size": 400}},
    "device": {"kind": "categorical", "side": "context", "hash": 10},
    "history": {"kind": "sequence", "side": "user", "shares": "item"},
    "price": {"kind": "numeric", "side": "item"},
}
WINDOW_HEADS = {"ctr": {"label": "click"}, "cvr": {"label": "conversion", "given": "ctr"}}
Span = Mapping[str, Sequence[Any]]


def healthy_span(seed: int, rows: int = 3000) -> dict[str, list[Any]]:
    """Returns the columns of a span of a shop in which nothing changes; None is no value."""
    rng = np.random.default_rng(seed)
    clicks = rng.random(rows) < 0.2
    return {
        "impression_id": [f"{seed}/{row}" for row in range(rows)],
        # One in ten items is new each day.
        "item": [f"i{i}" if i < 90 else f"{seed}i{i}" for i in rng.integers(0, 100, rows)],
        "device": rng.choice(["phone", "desktop", "tablet"], rows, p=[0.6, 0.3, 0.1]).tolist(),
        "history": [[f"i{i}" for i in rng.integers(0, 90, i % 3)] or None for i in range(rows)],
        "price": [x if keep else None for x, keep in zip(
            np.exp(rng.normal(3, 1.5, rows)).tolist(), rng.random(rows) < 0.9, strict=True
        )],
        "click": clicks.astype(int).tolist(),
        "conversion": (clicks & (rng.random(rows) < 0.3)).astype(int).tolist(),
        "conversion_mature": [1] * rows,
        "settled": [1] * rows,
    }  # fmt: skip


@pytest.fixture
def window_columns() -> tuple[Column, ...]:
    """Returns the columns of the examples of a window."""
    return WINDOW_COLUMNS


@pytest.fixture(name="healthy_span")
def _healthy_span() -> Callable[..., dict[str, list[Any]]]:
    """Makes the columns of a span in which nothing is wrong, from a seed."""
    return healthy_span


@pytest.fixture
def write_window(tmp_path: Path) -> Callable[..., Any]:
    """Writes spans, by split and date, as an Examples artifact and its ledger."""
    from tfx.types import artifact_utils, standard_artifacts

    from components.log_example_gen.artifacts import LogLedger
    from components.log_example_gen.encode import examples, features
    from components.log_example_gen.tfrecord import Shard, shard_name

    types = {"text": pa.string(), "int": pa.int64(), "float": pa.float32()}

    def write(
        splits: Mapping[str, Mapping[str, Span]],
        columns: Sequence[Column] = WINDOW_COLUMNS,
        shards: int = 2,
        name: str = "window",
    ) -> tuple[Any, Any]:
        written, ledger = standard_artifacts.Examples(), LogLedger()
        written.uri, ledger.uri = str(tmp_path / name), str(tmp_path / f"{name}-ledger")
        written.split_names = artifact_utils.encode_split_names(list(splits))
        told = []
        for split, spans in splits.items():
            (tmp_path / name / f"Split-{split}").mkdir(parents=True)
            for date, span in spans.items():
                day = datetime.date.fromisoformat(date)
                batch = pa.RecordBatch.from_pydict(
                    {
                        column.name: pa.array(
                            span[column.name],
                            pa.list_(pa.string()) if column.repeated else types[column.type],
                        )
                        for column in columns
                    }
                )
                told.append({"split": split, "span": date, "rows": batch.num_rows, "ids": "0"})
                for shard in range(shards):
                    part = batch.take(pa.array(range(shard, batch.num_rows, shards)))
                    path = tmp_path / name / shard_name(split, day, shard, shards)
                    with Shard(str(path), str(tmp_path)) as file:
                        file.write(*examples(features(part)))
        Path(ledger.uri).mkdir()
        Path(ledger.uri, "ledger.json").write_text(json.dumps({"spans": told}))
        return written, ledger

    return write


@pytest.fixture
def scan_window(tmp_path: Path) -> Callable[..., Any]:
    """Runs SpanStatistics as TFX does; returns its artifact."""
    import apache_beam as beam

    from components.span_statistics.artifacts import SpanSummary
    from components.span_statistics.executor import Executor
    from components.span_statistics.settings import StatisticsSettings

    def run(
        written: Any,
        ledger: Any,
        columns: Sequence[Column] = WINDOW_COLUMNS,
        features: Mapping[str, Any] = WINDOW_FEATURES,
        heads: Mapping[str, Any] = WINDOW_HEADS,
        name: str = "summary",
    ) -> Any:
        summary = SpanSummary()
        summary.uri = str(tmp_path / name)
        context = Executor.Context(
            # With arguments TFX would first pack itself for remote workers, which takes seconds.
            make_beam_pipeline_fn=lambda: beam.Pipeline(argv=["--runner=FnApiRunner"]),
            tmp_dir=str(tmp_path),
            unique_id=name,
        )
        settings = StatisticsSettings.model_validate(
            {"features": features, "heads": heads, "columns": columns}
        )
        Executor(context).Do(
            {"examples": [written], "ledger": [ledger]},
            {"summary": [summary]},
            {"settings": settings.model_dump_json()},
        )
        return summary

    return run
