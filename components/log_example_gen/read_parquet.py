"""A Parquet file -> its rows, with the types that it gives them."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from components.log_example_gen.rejects import Rejects
from components.log_example_gen.streams import Rows, Unreadable, check_columns, opened

BATCH_ROWS = 65536
# Of one column chunk at a time: row groups may be as large as the file.
_BUFFER_BYTES = 4 * 2**20


def read_parquet(path: str, columns: list[str], rejects: Rejects) -> Iterator[Rows]:
    """Yields the rows of a Parquet file, BATCH_ROWS or fewer at a time. See `read.read`."""
    read = 0
    try:
        with opened(path) as handle:
            stream = pa.PythonFile(handle, mode="r")
            if stream.size() == 0:
                return
            file = pa.parquet.ParquetFile(
                stream, buffer_size=_BUFFER_BYTES, page_checksum_verification=True
            )
            check_columns(path, columns, file.schema_arrow.names, rejects)
            if not file.num_row_groups:  # Arrow writes such files, and refuses to read them
                return
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
                numbers = np.arange(read + 1, read + 1 + batch.num_rows)
                yield Rows(batch.select(columns), numbers)
                read += batch.num_rows
    except pa.ArrowException as error:
        raise Unreadable(path, f"is no sound Parquet file: {error}", read or None) from error
    except Unreadable as error:
        raise Unreadable(path, error.reason, read or None) from error
