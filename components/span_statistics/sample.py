"""Serialized examples -> a table of the columns that are compared; every row counts once."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from schemas.columns import Column
from schemas.data_gates import watched
from schemas.logs import EXAMPLE_WEIGHT
from schemas.schema_text import schema_text


def table(serialized: Sequence[bytes], columns: Sequence[Column]) -> pa.Table:
    """Returns a column of lists for each column that is compared; null where there is no value.

    Where unclicked impressions were sampled, rows are drawn anew by their weights, with
    replacement: what is counted of the table needs no weights.

    Args:
        serialized: examples.
        columns: of an example.
    """
    read = [*watched(columns), *(column for column in columns if column.name == EXAMPLE_WEIGHT)]
    schema = text_format.Parse(schema_text(read), schema_pb2.Schema())
    decoder = ExamplesToRecordBatchDecoder(schema.SerializeToString())
    found = pa.Table.from_batches([decoder.DecodeBatch(list(serialized))])
    if EXAMPLE_WEIGHT not in found.schema.names:
        return found
    weights = np.asarray(found[EXAMPLE_WEIGHT].combine_chunks().flatten(), np.float64)
    if len(weights):
        chosen = np.random.default_rng(0).choice(
            len(weights), len(weights), p=weights / sum(weights)
        )
        found = found.take(chosen)
    return found.drop_columns([EXAMPLE_WEIGHT])
