"""Record batches -> sub-batches by id, so that the three logs of an id meet in one place."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from components.log_example_gen.events import HASH
from components.log_example_gen.files import Source

BYTES_A_PARTITION = 64 * 2**20
MAX_PARTITIONS = 4096
_BYTES_A_ROW = 300
# Of DuckDB: how many threads a worker has is for Beam's runner to say, and it computes with what it
# is handed: it opens no file, writes none beside the current directory and loads no extension.
SEALED: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "enable_external_access": False,
    "temp_directory": "",
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
# Bytes in memory for a byte of a file, roughly.
_INFLATION = {".parquet": 4.0, ".gz": 6.0, ".zst": 6.0}


def count(sources: Sequence[Source]) -> int:
    """Returns how many partitions hold these files, about 64 MiB in memory each."""
    return min(max(1, round(_bytes(sources) / BYTES_A_PARTITION)), MAX_PARTITIONS)


def share_of_rows(sources: Sequence[Source], rows: int) -> float:
    """Returns the share of all impressions that is `rows` of them, taken from the files' sizes."""
    shown = [source for source in sources if source.log == "impressions"]
    return min(1.0, rows * _BYTES_A_ROW / max(1.0, _bytes(shown)))


def _bytes(sources: Iterable[Source]) -> float:
    return sum(source.size * _inflation(source.path) for source in sources)


def _inflation(path: str) -> float:
    return next((times for end, times in _INFLATION.items() if path.endswith(end)), 1.0)


def stable_hash(texts: pa.Array, connection: duckdb.DuckDBPyConnection) -> np.ndarray:
    """Returns uint64 [rows]: the last eight bytes of the MD5 of each text, little endian.

    MD5 is the same in every version of everything, so that a user stays in a split. A missing
    text hashes as "".
    """
    with contextlib.closing(connection.cursor()) as cursor:
        cursor.register("texts", pa.table({"value": texts}))
        query = "SELECT md5_number_lower(coalesce(value, '')) AS hash FROM texts"
        return np.asarray(cursor.execute(query).fetchnumpy()["hash"], np.uint64)


def rehash(hashes: pa.Array) -> np.ndarray:
    """Returns other hashes of the same ids, uint64 [rows]: high ones need not have been high.

    They are made by Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, 6.4).
    """
    return np.asarray(hashes, np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def in_share(hashes: np.ndarray, share: float) -> np.ndarray:
    """Returns bool [rows], True for about `share` of the distinct uint64 hashes."""
    return hashes < np.uint64(share * 2**64) if share < 1 else np.ones(len(hashes), bool)


def split_batch(batch: pa.RecordBatch, partitions: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yields the rows of each partition that has any, in the order of their column HASH.

    A partition is a range of hashes. Rows that come in their order make the join's last act, which
    puts all rows of a partition in that order, a merge of a few sorted runs: it reads memory
    nearly straight on, where it would jump about.
    """
    hashes = np.asarray(batch[HASH])
    order = np.argsort(hashes, kind="stable")
    batch, hashes = batch.take(pa.array(order)), hashes[order]
    bounds = np.searchsorted(hashes, _first_hashes(partitions))
    for partition, (start, end) in enumerate(itertools.pairwise([*bounds.tolist(), len(hashes)])):
        if start < end:
            yield partition, batch.slice(start, end - start)


def _first_hashes(partitions: int) -> np.ndarray:
    """Returns the least hash of each partition, uint64 [partitions]."""
    return np.array([2**64 * i // partitions for i in range(partitions)], np.uint64)
