"""Rows that wait for their partition's turn: in files, so that memory holds a few of them only.

What Beam shuffles is where a piece of such a file lies. A shuffle of the rows themselves would be
held in memory by the local runner, whole. The folder is on the file system of the artifacts, which
every worker reaches.
"""

import dataclasses
import uuid
from collections.abc import Iterable, Sequence
from types import TracebackType

import pyarrow as pa
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems


@dataclasses.dataclass(frozen=True)
class Segment:
    """Rows of one log and one partition, as an Arrow stream within a file.

    Attributes:
        log: impressions, clicks or conversions.
        place: of the first row; segments in the order of their places are in the order of the logs.
        path: of the file.
        offset: byte at which the stream begins.
        length: its bytes.
    """

    log: str
    place: int
    path: str
    offset: int
    length: int


class Spill:
    """A new file for segments, under a name that no other worker takes.

    Example:
        with Spill(folder) as spill:
            segment = spill.write("clicks", place, batches)
    """

    def __init__(self, folder: str):
        self._path = FileSystems.join(folder, uuid.uuid4().hex)
        self._offset = 0
        # LZ4 halves what is written and costs next to nothing.
        self._options = pa.ipc.IpcWriteOptions(compression="lz4")

    def __enter__(self) -> "Spill":
        self._file = FileSystems.create(self._path, compression_type=CompressionTypes.UNCOMPRESSED)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, log: str, place: int, batches: Sequence[pa.RecordBatch]) -> Segment:
        """Appends record batches of one schema, at least one."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batches[0].schema, options=self._options) as writer:
            for batch in batches:
                writer.write_batch(batch)
        stream = sink.getvalue()
        self._file.write(memoryview(stream))
        segment = Segment(log, place, self._path, self._offset, stream.size)
        self._offset += stream.size
        return segment


def read_segments(segments: Iterable[Segment]) -> dict[str, pa.RecordBatch]:
    """Returns the rows of segments by log, in the order of their places."""
    found: dict[str, list[pa.Table]] = {}
    for segment in sorted(segments, key=lambda segment: (segment.log, segment.place)):
        found.setdefault(segment.log, []).append(_read(segment))
    return {log: contiguous(pa.concat_tables(found.pop(log))) for log in list(found)}


def _read(segment: Segment) -> pa.Table:
    with FileSystems.open(segment.path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.seek(segment.offset)
        return pa.ipc.open_stream(file.read(segment.length)).read_all()


def contiguous(table: pa.Table, limit: int = 2**31 - 1) -> pa.RecordBatch:
    """Returns a table as one record batch.

    Args:
        table: the table.
        limit: bytes from which on a column of texts needs 64 bit offsets.
    """
    schema = table.schema
    for i, field in enumerate(schema):
        if table.column(i).nbytes >= limit:
            schema = schema.set(i, field.with_type(_LARGE.get(field.type, field.type)))
    columns = [column.combine_chunks() for column in table.cast(schema).columns]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


_LARGE = {pa.string(): pa.large_string(), pa.list_(pa.string()): pa.large_list(pa.large_string())}
