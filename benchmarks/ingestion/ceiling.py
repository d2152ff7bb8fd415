"""The ceiling: the same reader, rules, encoder, writer and runner, and no join.

It writes examples with the same columns, as if what joining tells were known: nobody clicks.
"""

import datetime
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa

from benchmarks.ingestion import logs, task
from components.log_example_gen import files
from components.log_example_gen.cast import cast, fields
from components.log_example_gen.config import IngestConfig
from components.log_example_gen.encode import examples, features
from components.log_example_gen.read import read
from components.log_example_gen.rejects import Rejects
from components.log_example_gen.tfrecord import Shard
from schemas.logs import IMPRESSION_TIME, LABEL_AGE


def run(root: Path, form: str, out: Path, batch: int = 8192) -> None:
    """Writes the impressions under `root`, a shard a file, in the order of their rows.

    Args:
        root: folder of the logs.
        form: their format.
        out: folder for the shards.
        batch: how many rows to encode at a time; LogExampleGen writes as many.
    """
    config = task.config(root, form)
    spans = [datetime.date.fromisoformat(span) for span in logs.spans()]
    sources = files.sources(config.logs, spans, config.attribution)
    shown = [source.path for source in sources if source.log == "impressions"]
    out.mkdir(parents=True, exist_ok=True)
    with beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline:
        (
            pipeline
            | beam.Create(list(enumerate(shown)))
            | beam.Reshuffle()
            | beam.Map(_copy, config, str(out), batch)
        )


def _copy(numbered: tuple[int, str], config: IngestConfig, out: str, batch: int) -> None:
    number, path = numbered
    wanted = fields(config)["impressions"]
    rejects = Rejects("impressions", path)
    with Shard(f"{out}/impressions-{number:05d}.gz", out) as shard:
        for rows in read(path, [field.source for field in wanted], rejects):
            typed, _ = cast(rows, wanted, rejects)
            for start in range(0, typed.num_rows, batch):
                part = typed.slice(start, batch)
                shard.write(*examples(features(part), features(_unjoined(part, config))))


def _unjoined(batch: pa.RecordBatch, config: IngestConfig) -> pa.RecordBatch:
    """Returns the columns that joining would add, of impressions that nobody clicked."""
    columns = {}
    for column in config.columns:
        if column.name not in batch.schema.names:
            kind = pa.int64() if column.type == "int" else pa.float32()
            columns[column.name] = pa.array(np.zeros(batch.num_rows), kind)
    columns[LABEL_AGE] = pa.array(np.asarray(batch[IMPRESSION_TIME]) // 1_000_000)
    return pa.RecordBatch.from_pydict(columns)
