"""Serialized examples -> a gzip TFRecord shard that appears whole or not at all.

A record is its length, the length's checksum, its bytes and their checksum, little endian; a
checksum is CRC-32C, rotated and offset (https://www.tensorflow.org/tutorials/load_data/tfrecord).
"""

import concurrent.futures
import struct
import uuid
import zlib
from types import TracebackType

import google_crc32c
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.log_example_gen.encode import by_length, fixed_width, join

# Measured on examples of 585 bytes: three times as fast as level 6, and 15 % larger.
_LEVEL = 1
_GZIP = 31


def shard_name(split: str, partition: int, partitions: int) -> str:
    """Returns the path of a shard below an Examples artifact, named as TFX names them."""
    return f"Split-{split}/data_tfrecord-{partition:05d}-of-{partitions:05d}.gz"


def frame(records: pa.Array) -> pa.Buffer:
    """Returns large_binary [rows] as TFRecords, one after the other."""
    sums = np.fromiter(map(google_crc32c.value, records.to_pylist()), np.uint32, len(records))
    tails = fixed_width(_mask(sums).astype("<u4").view(np.uint8).reshape(-1, 4))
    framed = join(by_length(records, _header), records, tails)
    size = pc.sum(pc.binary_length(framed)).as_py() or 0
    return framed.buffers()[2].slice(0, size)  # the buffer of an empty array is not empty


def _header(length: int) -> bytes:
    packed = struct.pack("<Q", length)
    masked = _mask(np.array([google_crc32c.value(packed)], np.uint32))[0]
    return packed + struct.pack("<I", int(masked))


def _mask(sums: np.ndarray) -> np.ndarray:
    return ((sums >> np.uint32(15)) | (sums << np.uint32(17))) + np.uint32(0xA282EAD8)


class Shard:
    """A file of examples. It is written under another name and renamed when complete.

    A bundle that Beam runs twice writes the same bytes twice, and one whole file remains.

    Example:
        with Shard(path, folder_for_incomplete_ones) as shard:
            shard.write(examples)
    """

    def __init__(self, path: str, incomplete: str):
        self._path = path
        self._incomplete = FileSystems.join(incomplete, uuid.uuid4().hex)
        self._thread = concurrent.futures.ThreadPoolExecutor(1)
        self._written: concurrent.futures.Future[None] | None = None

    def __enter__(self) -> "Shard":
        self._file = FileSystems.create(
            self._incomplete, compression_type=CompressionTypes.UNCOMPRESSED
        )
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        return self

    def write(self, examples: pa.Array) -> None:
        """Appends large_binary [rows]."""
        framed = frame(examples)
        self._wait()
        # zlib works outside Python's lock: the next batch is encoded meanwhile.
        self._written = self._thread.submit(self._write, framed)

    def _write(self, framed: pa.Buffer) -> None:
        self._file.write(self._gzip.compress(framed))

    def _wait(self) -> None:
        if self._written is not None:
            self._written.result()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._wait()
                self._file.write(self._gzip.flush())
        finally:
            self._thread.shutdown()
            self._file.close()
        if error is None:
            FileSystems.rename([self._incomplete], [self._path])
        else:
            FileSystems.delete([self._incomplete])
