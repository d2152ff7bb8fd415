import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.log_example_gen.encode import examples, features
from components.log_example_gen.tfrecord import Shard
from components.popularity.counting import ITEM, SHOWN, AddUp, Counts, CountShard, column, merge
from components.popularity.settings import PopularitySettings
from schemas.columns import Column
from schemas.heads import Head

COLUMNS = (
    Column("item", "text"),
    Column("click", "int"),
    Column("click_mature", "int"),
    Column("spent", "float"),
    Column("example_weight", "float"),
)
HEADS = {"ctr": Head(label="click"), "spend": Head(label="spent", given="ctr", kind="value")}
# item, click, click_mature, spent, example_weight
ROWS = [
    ("a", 1, 1, 2.0, 1.0),
    ("a", 0, 1, None, 4.0),
    ("b", 1, 1, 3.0, 1.0),
    ("b", 1, 0, 1.0, 1.0),
    (None, 1, 1, 5.0, 1.0),
    ("", 0, 1, None, 2.0),
]
TYPES = (pa.string(), pa.int64(), pa.int64(), pa.float32(), pa.float32())


@pytest.fixture
def count(tmp_path):
    def run(rows, item="item"):
        columns = zip(*rows, strict=True) if rows else [[] for _ in TYPES]
        arrays = [pa.array(list(c), kind) for c, kind in zip(columns, TYPES, strict=True)]
        path = str(tmp_path / "shard.gz")
        with Shard(path, str(tmp_path)) as shard:
            names = [column.name for column in COLUMNS]
            if rows:
                shard.write(*examples(features(pa.RecordBatch.from_arrays(arrays, names))))
        settings = PopularitySettings(heads=HEADS, columns=COLUMNS, item=item)
        return list(CountShard(settings).process(path))

    return run


def sums(counts, head, item):
    names = [column(head, name) for name in ("rows", "weight", "events", "squares")]
    [row] = [row for row in counts.items.to_pylist() if row[ITEM] == item]
    return [row[name] for name in names]


def test_items_have_the_events_of_every_head_in_its_population(count):
    [found] = count(ROWS)
    assert sums(found, "ctr", b"a") == [2, 5, 1, 1]
    assert sums(found, "spend", b"a") == [1, 1, 2, 4]
    assert sums(found, "ctr", b"b") == [1, 1, 1, 1]  # the other click is not mature
    assert sums(found, "spend", b"b") == [2, 2, 4, 10]
    shown = {row[ITEM]: row[SHOWN] for row in found.items.to_pylist()}
    assert shown == {b"a": 2, b"b": 2}


def test_rows_without_an_item_count_over_all(count):
    expected = [[5, 9, 3, 3], [4, 4, 11, 39]]
    [found] = count(ROWS)
    assert found.overall.tolist() == expected
    [without] = count(ROWS, item=None)
    assert without.overall.tolist() == expected and without.items.num_rows == 0


def test_an_empty_shard_counts_nothing(count):
    assert count([]) == []


def items(rows):
    """Counts of one head, an item shown so many times."""
    table = {ITEM: pa.array([name.encode() for name in rows], pa.large_binary()),
             SHOWN: pa.array(list(rows.values()), pa.int64())}  # fmt: skip
    numbers = np.array(list(rows.values()), float)
    table |= {column("ctr", name): numbers for name in ("rows", "weight", "events", "squares")}
    return Counts(np.full((1, 4), numbers.sum()), pa.table(table))


PARTS = st.lists(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9)), min_size=1, max_size=30
)


@given(PARTS)
def test_parts_add_up_however_they_are_combined(parts):
    expected = {}
    for part in parts:
        for name, rows in part.items():
            expected[name] = expected.get(name, 0) + rows
    combine = AddUp()
    one, two = combine.create_accumulator(), combine.create_accumulator()
    for number, part in enumerate(parts):
        if number % 3:
            one = combine.add_input(one, items(part))
        else:
            two = combine.add_input(two, items(part))
    found = combine.extract_output(combine.merge_accumulators([one, two]))
    told = {row[ITEM].decode(): row[SHOWN] for row in found.items.to_pylist()}
    assert told == expected
    assert found.overall[0, 0] == sum(expected.values())
    assert combine.extract_output(combine.create_accumulator()) is None


def test_the_commonest_items_are_kept_and_all_rows_count_over_all():
    found = merge([items({"a": 1, "b": 5}), items({"c": 3, "a": 1, "d": 2})], most=3)
    assert [row[ITEM] for row in found.items.to_pylist()] == [b"b", b"c", b"a"]
    assert found.overall[0, 0] == 12
