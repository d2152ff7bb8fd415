"""One text file -> blocks of whole lines, inflated as they come.

Memory is bounded whatever the file holds: neither its size, nor that of one line, nor how well it
was compressed matters. What could be read before a file breaks off is handed on first.
"""

import contextlib
import dataclasses
import functools
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import zstandard
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.log_example_gen.ahead import ahead
from components.log_example_gen.rejects import VALUE_CHARACTERS, Rejects

BLOCK_BYTES = 16 * 2**20
ROW_BYTES = 16 * 2**20
TOO_LARGE = f"row larger than {ROW_BYTES // 2**20} MiB"

_BOM = b"\xef\xbb\xbf"
# What is kept of a row that is refused; text has up to 4 bytes a character.
_HEAD_BYTES = 4 * (VALUE_CHARACTERS + 1)


class Unreadable(ValueError):
    """A file cannot be read, or not to its end.

    Attributes:
        path: the file.
        reason: what it is or lacks, without its path.
        number: the last line (CSV, JSONL) or row (Parquet) that was read; None if none was, or if
            the file as a whole is wrong.
    """

    def __init__(self, path: str, reason: str, number: int | None = None):
        super().__init__(path, reason, number)
        self.path = path
        self.reason = reason
        self.number = number

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows of a file, and where they stand in it.

    Attributes:
        batch: the wanted columns in the order asked for. CSV: binary; else of the file's types.
        numbers: int64 [rows], the physical line at which a row begins (CSV, JSONL) or its place
            among the file's rows (Parquet), counted from 1.
    """

    batch: pa.RecordBatch
    numbers: np.ndarray


@contextlib.contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Opens a file on any of Beam's file systems, as it is stored.

    Raises:
        Unreadable: if it cannot be opened or, in the body of the `with`, cannot be read.
    """
    try:
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as handle:
            yield handle
    except OSError as error:
        raise Unreadable(path, f"cannot be read: {error.strerror or error}") from error


def check_columns(path: str, wanted: list[str], present: list[str], rejects: Rejects) -> None:
    """Checks that a file has each wanted column once, and says which it has besides.

    Raises:
        Unreadable: if it has not.
    """
    for column in wanted:
        if column not in present:
            names = ", ".join(present) or "none"
            raise Unreadable(path, f"has no column {column!r}. Its columns are: {names}")
        if present.count(column) > 1:
            raise Unreadable(path, f"has column {column!r} {present.count(column)} times")
    rejects.unread.update(set(present) - set(wanted))


def head(row: bytes) -> bytes:
    """Returns what to keep of the text of a row that is refused."""
    return row[:_HEAD_BYTES].rstrip(b"\r\n")


@dataclasses.dataclass(frozen=True)
class Block:
    """Whole lines of a file.

    Attributes:
        first: the number of the first, counted from 1.
        data: their text; each ends in a newline.
        count: how many they are.
    """

    first: int
    data: bytes
    count: int


def lines(path: str, rejects: Rejects) -> Iterator[Block]:
    """Yields the lines of a file, about BLOCK_BYTES at a time.

    Args:
        path: a file; .gz and .zst are inflated.
        rejects: where lines are refused that are longer than ROW_BYTES.

    Raises:
        Unreadable: if the file breaks off, after the whole lines before that.
    """
    number = 1
    rest = b""  # a line that has not ended yet
    huge: bytes | None = None  # the head of one that is skipped
    try:
        for piece in ahead(_pieces(path), depth=1):  # a piece is large
            start = 0
            if huge is not None:
                start = piece.find(b"\n") + 1
                if not start:
                    continue
                rejects.rows(np.array([number]), TOO_LARGE, None, [huge])
                number, huge = number + 1, None
            end = piece.rfind(b"\n") + 1
            if end > start:
                data = b"".join((rest, memoryview(piece)[start:end]))
                number = yield from _but_huge(number, data, rejects)
                rest = piece[end:]
            else:
                rest += piece[start:]
            if len(rest) > ROW_BYTES:
                huge, rest = head(rest), b""
    except Unreadable as error:
        raise Unreadable(path, error.reason, number - 1 or None) from error
    if huge is not None:
        rejects.rows(np.array([number]), TOO_LARGE, None, [huge])
    elif rest:
        yield _block(number, rest + b"\n")


def _block(number: int, data: bytes) -> Block:
    if number == 1:
        data = data.removeprefix(_BOM)
    count = np.count_nonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    return Block(number, data, int(count))


def _but_huge(number: int, data: bytes, rejects: Rejects) -> Generator[Block, None, int]:
    """Yields lines but the one, if any, that is too long; returns the number of the next.

    The data are less than two such lines, so it covers the place at which one would end.
    """
    if len(data) > ROW_BYTES:
        start = data.rfind(b"\n", 0, ROW_BYTES) + 1
        end = data.index(b"\n", start) + 1
        if end - start > ROW_BYTES + 1:
            if start:
                yield (before := _block(number, data[:start]))
                number += before.count
            rejects.rows(np.array([number]), TOO_LARGE, None, [head(data[start:end])])
            number, data = number + 1, data[end:]
    if data:
        yield (block := _block(number, data))
        number += block.count
    return number


def _pieces(path: str) -> Iterator[bytes]:
    """Yields what a file holds, inflated, BLOCK_BYTES or a little less at a time."""
    with opened(path) as handle:
        form = next((form for form in _INFLATERS if path.endswith(form)), None)
        if form is None:
            yield from iter(functools.partial(handle.read, BLOCK_BYTES), b"")
        else:
            deflated = iter(functools.partial(handle.read, _INFLATERS[form][0]), b"")
            yield from _gathered(_inflated(path, form, deflated))


def _inflated(path: str, form: str, deflated: Iterable[bytes]) -> Iterator[bytes]:
    """Yields what the members of a gzip file, or the frames of a zstd file, hold."""
    _, name, fresh, broken = _INFLATERS[form]
    inflater, started = fresh(), False
    for piece in deflated:
        while piece:
            if not started and form == ".gz" and not piece.strip(b"\0"):
                break  # gzip files may be padded, on tapes for one
            started = True
            try:
                yield inflater.decompress(piece)
            except broken as error:
                raise Unreadable(path, f"cannot be inflated: {error}") from error
            piece = b""
            if inflater.eof:
                piece, inflater, started = inflater.unused_data, fresh(), False
    if started:
        raise Unreadable(path, f"is cut short: its {name} data have no end")


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yields pieces joined to BLOCK_BYTES; if they break off, first what came before that."""
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= BLOCK_BYTES:
                data = b"".join(held)
                whole = size - size % BLOCK_BYTES
                for start in range(0, whole, BLOCK_BYTES):
                    yield data[start : start + BLOCK_BYTES]
                held, size = [data[whole:]], size - whole
    except Unreadable:
        yield b"".join(held)
        raise
    yield b"".join(held)


def _gunzip() -> Any:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _unzstd() -> Any:
    return zstandard.ZstdDecompressor().decompressobj()


# By suffix: how many bytes to inflate at once (to at most 16 MiB by gzip, 32 MiB by zstd), what it
# is called, what inflates one member, and the error that raises.
_INFLATERS: dict[str, tuple[int, str, Callable[[], Any], type[Exception]]] = {
    ".gz": (2**14, "gzip", _gunzip, zlib.error),
    ".zst": (2**10, "zstd", _unzstd, zstandard.ZstdError),
}
