import gzip
import pickle
import random
import zlib

import pytest
import zstandard

from components.log_example_gen import streams
from components.log_example_gen.rejects import Rejects

PACK = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}


def lines(path, data):
    """Returns (number, line) pairs, the rejects as (row, value, reason), and the error."""
    path.write_bytes(data)
    rejects = Rejects("clicks", str(path))
    found, error = [], None
    try:
        for block in streams.lines(str(path), rejects):
            assert block.data.endswith(b"\n") and block.data.count(b"\n") == block.count
            found += enumerate(block.data[:-1].split(b"\n"), block.first)
    except streams.Unreadable as caught:
        error = caught
    taken = [(row["row"], row["value"], row["reason"]) for row in rejects.take().to_pylist()]
    return found, taken, error


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_are_never_cut(tmp_path, monkeypatch, suffix, size):
    monkeypatch.setattr(streams, "BLOCK_BYTES", size)
    texts = [b"", b"a", b"bcd", b"", b"efghijk\r", b"l"]
    data = b"\xef\xbb\xbf" + b"\n".join(texts)
    found, rejects, error = lines(tmp_path / f"a.csv{suffix}", PACK[suffix](data))
    assert found == list(enumerate(texts, 1))
    assert rejects == [] and error is None


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("size", [1, 4, 10])
def test_a_line_that_is_too_large_is_skipped(tmp_path, monkeypatch, suffix, size):
    monkeypatch.setattr(streams, "BLOCK_BYTES", size)
    monkeypatch.setattr(streams, "ROW_BYTES", 10)
    texts = [b"a" * 11, b"b" * 10, b"c" * 35, b"", b"d", b"e" * 12]
    found, rejects, _ = lines(tmp_path / f"a.csv{suffix}", PACK[suffix](b"\n".join(texts) + b"\n"))
    assert found == [(2, b"b" * 10), (4, b""), (5, b"d")]
    assert [(row, value[0], reason) for row, value, reason in rejects] == [
        (1, "a", "row larger than 16 MiB"),
        (3, "c", "row larger than 16 MiB"),
        (6, "e", "row larger than 16 MiB"),
    ]


def test_a_line_that_is_too_large_may_end_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "BLOCK_BYTES", 4)
    monkeypatch.setattr(streams, "ROW_BYTES", 10)
    found, rejects, _ = lines(tmp_path / "a.csv", b"a\n" + b"b" * 30)
    assert found == [(1, b"a")] and [row for row, _, _ in rejects] == [2]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_every_whole_line_before_a_cut_is_read(tmp_path, suffix):
    random.seed(0)
    texts = [str(random.random()).encode() for _ in range(20_000)]
    data = b"\n".join(texts) + b"\n"
    packed = PACK[suffix](data)
    for size in (len(packed) - 1, len(packed) // 2, 100, 1):
        found, _, error = lines(tmp_path / f"a.csv{suffix}", packed[:size])
        assert found == list(enumerate(texts, 1))[: len(found)]
        assert error.number == (len(found) or None)
        assert error.reason.startswith("is cut short: its ")
        if suffix == ".gz":
            inflated = zlib.decompressobj(31).decompress(packed[:size])
            assert len(found) == inflated.count(b"\n")
        if size == len(packed) - 1:
            assert len(found) > 10_000


def test_rubbish_after_a_gzip_member_ends_the_file(tmp_path):
    found, _, error = lines(tmp_path / "a.csv.gz", gzip.compress(b"a\nb\n") + b"rubbish")
    assert found == [(1, b"a"), (2, b"b")]
    assert error.number == 2 and "cannot be inflated: " in str(error)


def test_zeros_after_a_gzip_member_are_padding(tmp_path):
    found, _, error = lines(tmp_path / "a.csv.gz", gzip.compress(b"a\n") + bytes(10_000))
    assert found == [(1, b"a")] and error is None


def test_a_broken_checksum_is_an_error(tmp_path):
    packed = bytearray(gzip.compress(b"a\n"))
    packed[-6] ^= 1
    _, _, error = lines(tmp_path / "a.csv.gz", bytes(packed))
    assert error.reason.startswith("cannot be inflated: ")


def test_an_error_can_travel_between_processes():
    error = pickle.loads(pickle.dumps(streams.Unreadable("a.csv", "is odd", 3)))
    assert (str(error), error.reason, error.number) == ("a.csv is odd", "is odd", 3)
