import datetime
import hashlib

import duckdb
import hypothesis
import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest

from components.log_example_gen import partition
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


def sources(*files):
    day = datetime.date(2024, 5, 1)
    return [
        Source("clicks", day, f"{i}{suffix}", size, 0) for i, (suffix, size) in enumerate(files)
    ]


@pytest.mark.parametrize(
    "sizes, expected",
    [
        ([0], 1),
        ([127 * MIB], 1),
        ([385 * MIB], 2),
        ([512 * MIB, 256 * MIB], 3),
        ([2**40], 4096),
        ([2**50], 4096),
    ],
)
def test_there_is_a_partition_for_every_256_mebibytes(sizes, expected):
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
    assert partition.count(sources((suffix, 10 * 256 * MIB))) == 10 * times


def test_files_of_several_formats_add_up():
    given = sources((".parquet", 128 * MIB), (".csv", 256 * MIB), (".csv.gz", 128 * MIB))
    assert partition.count(given) == 2 + 1 + 3


def test_a_share_of_the_hashes_is_chosen():
    hashes = np.array([0, 2**62, 2**63 - 1, 2**63, 2**64 - 1], np.uint64)
    assert partition.in_share(hashes, 0.5).tolist() == [True, True, True, False, False]


def test_about_a_tenth_of_the_users_is_a_tenth(connection):
    hashes = partition.stable_hash(pa.array([f"user {i}" for i in range(10_000)]), connection)
    assert partition.in_share(hashes, 0.1).sum() == pytest.approx(1_000, abs=90)  # 3 deviations


def test_rows_of_a_partition_keep_their_order():
    batch = pa.RecordBatch.from_pydict({"row": [0, 1, 2, 3, 4]})
    hashes = np.array([5, 3, 8, 2, 6], np.uint64)
    found = {p: b["row"].to_pylist() for p, b in partition.split_batch(batch, hashes, 3)}
    assert found == {0: [1, 4], 2: [0, 2, 3]}


def test_one_partition_has_every_row():
    batch = pa.RecordBatch.from_pydict({"row": [0, 1]})
    [(number, found)] = partition.split_batch(batch, np.array([5, 3], np.uint64), 1)
    assert number == 0 and found is batch
