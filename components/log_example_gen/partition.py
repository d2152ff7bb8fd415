"""Record batches -> sub-batches by id, so that the three logs of an id meet in one place."""

import contextlib
from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from components.log_example_gen.files import Source

BYTES_A_PARTITION = 128 * 2**20
MAX_PARTITIONS = 1000


def count(sources: Sequence[Source]) -> int:
    """Returns how many partitions hold these files, about 128 MiB of input each."""
    size = sum(source.size for source in sources)
    return min(max(1, round(size / BYTES_A_PARTITION)), MAX_PARTITIONS)


def stable_hash(texts: pa.Array, connection: duckdb.DuckDBPyConnection) -> np.ndarray:
    """Returns uint64 [rows]: the last eight bytes of the MD5 of each text, little endian.

    MD5 is the same in every version of everything, so that a user stays in a split. A missing
    text hashes as "".
    """
    with contextlib.closing(connection.cursor()) as cursor:
        cursor.register("texts", pa.table({"value": texts}))
        query = "SELECT md5_number_lower(coalesce(value, '')) AS hash FROM texts"
        return np.asarray(cursor.execute(query).fetchnumpy()["hash"], np.uint64)


def in_share(hashes: np.ndarray, share: float) -> np.ndarray:
    """Returns bool [rows], True for about `share` of the distinct uint64 hashes."""
    return hashes < np.uint64(share * 2**64)


def split_batch(
    batch: pa.RecordBatch, hashes: np.ndarray, partitions: int
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yields the rows of each partition that has any; rows keep their order."""
    if partitions == 1:
        yield 0, batch
        return
    wanted = hashes % np.uint64(partitions)
    order = np.argsort(wanted, kind="stable")
    sizes = np.bincount(wanted.astype(np.int64), minlength=partitions)
    batch = batch.take(pa.array(order))
    start = 0
    for partition, size in enumerate(sizes.tolist()):
        if size:
            yield partition, batch.slice(start, size)
        start += size
