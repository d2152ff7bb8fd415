import collections
import json

import hypothesis
import hypothesis.strategies as st
import pyarrow as pa
import pytest

from components.log_example_gen import read_json
from components.log_example_gen.texts import text


def columns(lines, block_bytes=1 << 20, end="\n"):
    broken = collections.Counter()
    stream = pa.BufferReader(("\n".join(lines) + end).encode())
    batches = list(read_json.batches_of_lines(stream, block_bytes, broken))
    return batches, dict(broken)


def only(lines, name):
    [batch], broken = columns(lines)
    assert broken == {}
    return batch[name]


def test_text_that_looks_like_a_time_stays_text():
    assert only(['{"a": "2024-05-01"}'], "a").to_pylist() == ["2024-05-01"]
    assert only(['{"a": ["2024-05-01 10:00:00"]}'], "a").to_pylist() == [["2024-05-01 10:00:00"]]


def test_ids_beyond_64_bits_keep_their_digits():
    lines = ['{"a": 18446744073709551617}', '{"a": 3}', "{}"]
    assert only(lines, "a").to_pylist() == ["18446744073709551617", "3", None]
    lists = ['{"a": [18446744073709551617, 1]}', '{"a": null}']
    assert only(lists, "a").to_pylist() == [["18446744073709551617", "1"], []]


def test_a_column_of_several_types_becomes_text():
    lines = ['{"a": 1}', '{"a": "x"}', '{"a": 2.0}', '{"a": true}', '{"a": 2.5}', '{"a": null}']
    assert only(lines, "a").to_pylist() == ["1", "x", "2", "true", "2.5", None]


def test_a_line_that_is_no_object_is_counted():
    [batch], broken = columns(['{"a": 1}', "{", "", "[1]", '{"a": 2}'])
    assert batch["a"].to_pylist() == ["1", "2"]
    assert broken == {"row: no JSON object": 2}


def test_nan_is_a_number():
    assert str(only(['{"a": NaN}', '{"a": 1.5}'], "a").to_pylist()) == "[nan, 1.5]"


@pytest.mark.parametrize("block_bytes", [1, 7, 20, 1000])
def test_lines_are_never_cut(block_bytes):
    lines = [json.dumps({"a": f"{i}" * i}) for i in range(1, 9)]
    batches, _ = columns(lines, block_bytes, end="")
    found = [value for batch in batches if batch.num_columns for value in batch["a"].to_pylist()]
    assert found == [f"{i}" * i for i in range(1, 9)]


def test_a_stream_of_blank_lines_has_no_rows():
    assert sum(batch.num_rows for batch in columns(["", "", ""])[0]) == 0


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)


@hypothesis.given(st.lists(st.integers(-(2**53) + 1, 2**53 - 1) | st.none(), min_size=1))
@hypothesis.settings(deadline=None, max_examples=50)
def test_both_ways_of_reading_whole_numbers_agree(values):
    lines = [json.dumps({"a": value}) for value in values]
    fast = only(lines, "a")
    slow = read_json._parse_slowly("\n".join(lines).encode(), collections.Counter())["a"]
    assert text(fast)[0].to_pylist() == text(slow)[0].to_pylist()


@hypothesis.given(st.lists(scalars, min_size=1))
@hypothesis.settings(deadline=None, max_examples=50)
def test_every_line_gives_a_row(values):
    batches, broken = columns([json.dumps({"a": value}) for value in values])
    assert sum(batch.num_rows for batch in batches) == len(values) and broken == {}
