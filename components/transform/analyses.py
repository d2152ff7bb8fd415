"""Where the analyses of spans are kept, so that a moved window analyses only what is new.

An analysis is one file, whose name has the span's date and a digest of all that decides what is
found. It is written under another name and renamed when it is whole: a run that is killed leaves
nothing that is read, and of two runs that analyse the same span one writes what the other wrote.

A file is a gzipped TFRecord. The first record lists the entries that were asked for, hexadecimal;
then come entry and value in turn, any number of values an entry.
"""

import contextlib
import dataclasses
import datetime
import itertools
import json
import logging
import os
import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator

import tensorflow as tf
from apache_beam.io.filesystems import FileSystems
from tfx.dsl.io import fileio

from components.transform.harmless import harmless

# What is not of a run's window is dropped by it, but not before this age: other windows and
# other features may be at work in the same folder.
YOUNG = datetime.timedelta(days=1)
_BATCH = 1024
_CHUNK = 2**16  # bytes
_GZIP_BITS = 31  # for zlib: a gzip header and trailer
_GZIP = tf.io.TFRecordOptions(compression_type="GZIP")


@dataclasses.dataclass(frozen=True)
class Analyses:
    """A folder of analyses that several runs share.

    Attributes:
        folder: its path, on a file system that every worker reaches.
    """

    folder: str

    def fetch(
        self, names: Collection[str], into: str, entries: Collection[bytes]
    ) -> dict[str, str]:
        """Copies analyses into a folder of the run, where no other run drops them.

        Args:
            names: those that are wanted.
            into: an existing folder.
            entries: what an analysis must have been asked for.

        Returns:
            The paths of the copies, by name, of those that are there.
        """
        found = {}
        for name in names:
            copy = os.path.join(into, name)
            with contextlib.suppress(fileio.NotFoundError):
                fileio.copy(self._path(name), copy, overwrite=True)
                if _is_whole(copy) and _entries(copy) == set(entries):
                    found[name] = copy
        return found

    def write(
        self, name: str, entries: Iterable[bytes], values: Iterable[tuple[bytes, bytes]]
    ) -> str:
        """Keeps an analysis; returns its path.

        Args:
            name: of the analysis.
            entries: all that was asked for.
            values: entries and their values.
        """
        fileio.makedirs(self.folder)
        path = self._path(name)
        part = f"{path}.{uuid.uuid4().hex}.part"
        with tf.io.TFRecordWriter(part, _GZIP) as file:
            file.write(json.dumps(sorted(entry.hex() for entry in entries)).encode())
            for record in itertools.chain.from_iterable(values):
                file.write(record)
        fileio.rename(part, path, overwrite=True)
        return path

    def drop(self, window: Collection[str], now: datetime.datetime) -> None:
        """Deletes what is not of a window and no longer young, and what killed runs left.

        Args:
            window: the names of a run's analyses.
            now: the moment, in UTC.
        """
        for file in FileSystems.match([f"{self.folder}/*"])[0].metadata_list:
            age = now.timestamp() - file.last_updated_in_seconds
            if os.path.basename(file.path) not in window and age > YOUNG.total_seconds():
                with contextlib.suppress(fileio.NotFoundError):  # another run did
                    fileio.remove(file.path)

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, name)


def read_values(path: str) -> Iterator[tuple[bytes, bytes]]:
    """Yields the entries and values of an analysis.

    Raises:
        ValueError: if a value is a pickle that would do more than it should.
    """
    batches = tf.data.TFRecordDataset(path, compression_type="GZIP").skip(1).batch(_BATCH)
    # One by one TensorFlow hands them out a hundred times slower.
    records = itertools.chain.from_iterable(batches.as_numpy_iterator())
    return harmless(zip(records, records, strict=True), path)


def _is_whole(path: str) -> bool:
    """Returns whether a file can be read to its end: if not, its span is analysed again.

    TensorFlow takes a file that breaks off between two records for a whole one.
    """
    unpacked = zlib.decompressobj(wbits=_GZIP_BITS)
    try:
        with fileio.open(path, "rb") as file:
            for part in iter(lambda: file.read(_CHUNK), b""):
                unpacked.decompress(part)
    except zlib.error as error:
        logging.getLogger(__name__).warning("%s is broken: %s", path, error)
        return False
    if not unpacked.eof:
        logging.getLogger(__name__).warning("%s breaks off", path)
    return bool(unpacked.eof)


def _entries(path: str) -> set[bytes]:
    [head] = tf.data.TFRecordDataset(path, compression_type="GZIP").take(1).as_numpy_iterator()
    return {bytes.fromhex(entry) for entry in json.loads(head)}
