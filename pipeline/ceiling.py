"""The AUC of the true probabilities on the held-back rows: what no model can beat but by luck."""

import datetime
import glob
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from models.metrics import grouped, roc_auc
from pipeline.config import PipelineConfig
from pipeline.executions import Execution
from schemas.heads import Heads, labels, outputs
from schemas.logs import IMPRESSION_ID, SPAN

_BATCH = 8192
_UNKNOWN = -1  # an event may be too young for its label to be known


def auc(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]) -> float:
    """Returns the exact area under the ROC curve (Mann-Whitney: ties count a half).

    It is NaN if one class is absent.

    Args:
        scores: [N].
        labels: [N], 0 or 1.
    """
    return roc_auc(*grouped(scores, labels, np.ones_like(scores)))


def ceiling_aucs(truth: Sequence[Path], examples: Sequence[Path], heads: Heads) -> dict[str, float]:
    """Returns the AUC of the true probability of each output, on the rows of `examples`.

    Args:
        truth: Parquet files with impression_id and, for each label, `p_<label>`: its probability
            given that its parent happened.
        examples: gzipped TFRecords of raw labelled examples.
        heads: of the model; only the rates among them have a ceiling.
    """
    heads = {name: head for name, head in heads.items() if head.kind == "rate"}
    events = _labels(examples, labels(heads))
    probabilities = ", ".join(f'"p_{label}"' for label in events.column_names[1:])
    with duckdb.connect() as connection:
        connection.register("events", events)
        rows = connection.execute(
            f"SELECT {probabilities}, events.* FROM events "
            f"JOIN read_parquet(?) AS truth USING ({IMPRESSION_ID})",
            [[str(file) for file in truth]],
        ).fetchnumpy()
    found: dict[str, float] = {}
    for output in outputs(heads):
        chain = [heads[head].label for head in output.heads]
        score = np.prod([rows[f"p_{label}"] for label in chain], axis=0)
        kept = rows[output.label] != _UNKNOWN
        if output.population is not None:
            kept &= rows[output.population] == 1
        found[output.name] = auc(score[kept], np.asarray(rows[output.label], np.float64)[kept])
    return found


def run_ceilings(
    config: PipelineConfig,
    spans: Sequence[datetime.date],
    executions: Mapping[str, Execution],
) -> dict[str, float] | None:
    """Returns the ceilings of a run's evaluation split; None where the truth is not known."""
    if config.truth is None:
        return None
    pattern = os.path.join(glob.escape(config.logs.root), config.truth)
    truth = [Path(f) for day in spans for f in glob.glob(pattern.replace(SPAN, str(day)))]
    examples = Path(executions["LogExampleGen"].outputs["examples"].uri) / "Split-eval"
    return ceiling_aucs(truth, sorted(examples.iterdir()), config.heads) if truth else None


def _labels(examples: Sequence[Path], names: Sequence[str]) -> pa.Table:
    """Returns the columns impression_id, then `names`."""
    spec: Mapping[str, tf.io.FixedLenFeature] = {
        IMPRESSION_ID: tf.io.FixedLenFeature([], tf.string),
        **{name: tf.io.FixedLenFeature([], tf.int64, _UNKNOWN) for name in names},
    }
    records = tf.data.TFRecordDataset([str(file) for file in examples], compression_type="GZIP")
    tables = [
        pa.table({name: batch[name].numpy() for name in spec})
        for batch in records.batch(_BATCH).map(lambda batch: tf.io.parse_example(batch, spec))
    ]
    table = pa.concat_tables(tables)
    ids = table.column(IMPRESSION_ID).cast(pa.string())
    return table.set_column(table.schema.get_field_index(IMPRESSION_ID), IMPRESSION_ID, ids)
