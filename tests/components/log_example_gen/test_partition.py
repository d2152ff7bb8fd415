import datetime
import hashlib

import duckdb
import hypothesis
import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest

from components.log_example_gen import partition
from components.log_example_gen.events import HASH
from components.log_example_gen.files import Source

MIB = 2**20


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        yield opened


def md5_tail(text):
    return int.from_bytes(hashlib.md5(text.encode()).digest()[8:], "little")


@hypothesis.given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"))))
@hypothesis.settings(deadline=None, max_examples=50)
def test_the_hash_is_the_tail_of_md5(connection, texts):
    found = partition.stable_hash(pa.array(texts, pa.string()), connection)
    assert found.tolist() == [md5_tail(text) for text in texts]


def test_a_missing_text_hashes_as_a_blank_one(connection):
    found = partition.stable_hash(pa.array([None, ""]), connection)
    assert found.tolist() == [md5_tail("")] * 2


def sources(*files, log="clicks"):
    day = datetime.date(2024, 5, 1)
    return [Source(log, day, f"{i}{suffix}", size, 0) for i, (suffix, size) in enumerate(files)]


@pytest.mark.parametrize(
    "sizes, expected",
    [
        ([0], 1),
        ([95 * MIB], 1),
        ([97 * MIB], 2),
        ([128 * MIB, 64 * MIB], 3),
        ([2**40], 4096),
        ([2**50], 4096),
    ],
)
def test_there_is_a_partition_for_every_64_mebibytes(sizes, expected):
    assert partition.count(sources(*((".csv", size) for size in sizes))) == expected


def test_there_is_one_partition_without_any_file():
    assert partition.count([]) == 1


@pytest.mark.parametrize(
    "suffix, times",
    [
        (".csv", 1),
        (".jsonl", 1),
        (".parquet", 4),
        (".csv.gz", 6),
        (".jsonl.gz", 6),
        (".csv.zst", 6),
        (".jsonl.zst", 6),
    ],
)
def test_what_is_packed_in_a_file_counts_as_it_will_in_memory(suffix, times):
    assert partition.count(sources((suffix, 10 * 64 * MIB))) == 10 * times


def test_files_of_several_formats_add_up():
    given = sources((".parquet", 32 * MIB), (".csv", 64 * MIB), (".csv.gz", 32 * MIB))
    assert partition.count(given) == 2 + 1 + 3


def test_a_share_of_the_hashes_is_chosen():
    hashes = np.array([0, 2**62, 2**63 - 1, 2**63, 2**64 - 1], np.uint64)
    assert partition.in_share(hashes, 0.5).tolist() == [True, True, True, False, False]


def test_about_a_tenth_of_the_users_is_a_tenth(connection):
    hashes = partition.stable_hash(pa.array([f"user {i}" for i in range(10_000)]), connection)
    assert partition.in_share(hashes, 0.1).sum() == pytest.approx(1_000, abs=90)  # 3 deviations


def test_the_share_of_some_rows_is_that_of_300_bytes_each_among_the_impressions():
    shown = sources((".csv", 600_000), (".parquet", 600_000), log="impressions")
    given = [*shown, *sources((".csv", 10**12))]
    assert partition.share_of_rows(given, 1000) == 300_000 / 3_000_000
    assert partition.share_of_rows(given, 20_000) == 1.0
    assert partition.share_of_rows([], 1) == 1.0


def test_other_hashes_of_other_ids_are_others_and_the_high_ones_lie_anywhere():
    hashes = np.sort(np.random.default_rng(5).integers(0, 2**64, 20_000, np.uint64))
    again = partition.rehash(pa.array(hashes))
    assert again[:1].tolist() == [int(hashes[0]) * 0x9E3779B97F4A7C15 % 2**64]
    assert len(np.unique(again)) == 20_000
    for tenth in np.split(again, 10):  # of the least hashes, the next, and so on
        assert partition.in_share(tenth, 0.25).mean() == pytest.approx(0.25, abs=0.04)


def split(hashes, partitions):
    batch = pa.RecordBatch.from_pydict(
        {"row": range(len(hashes)), HASH: pa.array(hashes, pa.uint64())}
    )
    return {
        number: found["row"].to_pylist()
        for number, found in partition.split_batch(batch, partitions)
    }


def test_a_partition_is_a_range_of_hashes_and_its_rows_are_in_their_order():
    third = 2**64 // 3
    assert split([third, 2**64 - 1, 7, third - 1, 2 * third + 1, 0], 3) == {
        0: [5, 2, 3],
        1: [0],
        2: [4, 1],
    }


def test_rows_with_one_hash_keep_their_order():
    assert split([9, 4, 9, 4, 9], 1) == {0: [1, 3, 0, 2, 4]}


def test_a_partition_without_a_row_is_none():
    assert split([2**64 - 1, 0], 4096) == {0: [1], 4095: [0]}
    assert split([], 3) == {}


@hypothesis.given(
    hashes=st.lists(st.integers(0, 2**64 - 1), max_size=30), partitions=st.integers(1, 12)
)
@hypothesis.settings(deadline=None, max_examples=100)
def test_every_row_is_in_the_partition_of_its_hash(hashes, partitions):
    expected = {}
    for row in sorted(range(len(hashes)), key=hashes.__getitem__):
        number = max(i for i in range(partitions) if hashes[row] >= 2**64 * i // partitions)
        expected.setdefault(number, []).append(row)
    assert split(hashes, partitions) == expected
