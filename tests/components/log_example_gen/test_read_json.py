import json
import time

import hypothesis
import hypothesis.strategies as st
import pyarrow as pa
import pytest

from components.log_example_gen import read_json, streams
from components.log_example_gen.rejects import Rejects
from components.log_example_gen.streams import Unreadable
from components.log_example_gen.texts import text


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("json") / "a.jsonl"


def read(path, lines, block_bytes=16 * 2**20, end="\n"):
    """Returns the parts of column "a", its lines, and the rejects as (row, value, reason)."""
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    rejects = Rejects("clicks", str(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "BLOCK_BYTES", block_bytes)
        found = list(read_json.read_json(str(path), ["a"], rejects))
    numbers = [number for rows in found for number in rows.numbers.tolist()]
    taken = [(row["row"], row["value"], row["reason"]) for row in rejects.take().to_pylist()]
    return [rows.batch["a"] for rows in found], numbers, taken


def only(path, lines):
    [column], numbers, rejects = read(path, lines)
    assert numbers == list(range(1, len(lines) + 1)) and rejects == []
    return column


def test_text_that_looks_like_a_time_stays_text(path):
    assert only(path, ['{"a": "2024-05-01"}']).to_pylist() == ["2024-05-01"]
    assert only(path, ['{"a": ["2024-05-01 10:00:00"]}']).to_pylist() == [["2024-05-01 10:00:00"]]


def test_ids_beyond_64_bits_keep_their_digits(path):
    lines = ['{"a": 18446744073709551617}', '{"a": 3}', "{}"]
    assert only(path, lines).to_pylist() == ["18446744073709551617", "3", None]
    lists = ['{"a": [18446744073709551617, 1]}', '{"a": null}']
    assert only(path, lists).to_pylist() == [["18446744073709551617", "1"], []]


def test_a_column_of_several_types_becomes_text(path):
    lines = ['{"a": 1}', '{"a": "x"}', '{"a": 2.0}', '{"a": true}', '{"a": 2.5}', '{"a": null}']
    assert only(path, lines).to_pylist() == ["1", "x", "2", "true", "2.5", None]


def test_a_line_that_is_no_object_is_refused(path):
    [column], numbers, rejects = read(path, ['{"a": 1}', "{", "", "[1]", '{"a": 2}'])
    assert column.to_pylist() == [1, 2] and numbers == [1, 5]
    assert rejects == [(2, "{", "invalid JSON"), (4, "[1]", "no JSON object")]


def test_lines_of_objects_that_are_wrong_beside_types_that_differ_are_refused(path):
    lines = ['{"a": 1}', '{"a": "x"}', "{"] * 1000
    [column], numbers, rejects = read(path, lines)
    assert column.to_pylist() == ["1", "x"] * 1000
    assert sorted(numbers + [row for row, _, _ in rejects]) == list(range(1, 3001))
    assert {(value, reason) for _, value, reason in rejects} == {("{", "invalid JSON")}


def test_one_wrong_line_does_not_make_its_block_slow(path):
    lines = [json.dumps({"a": i, "b": "x" * 20, "c": [1, 2, 3]}) for i in range(100_000)]
    elapsed = []
    for _ in range(2):
        start = time.perf_counter()
        [column], numbers, rejects = read(path, lines)
        elapsed.append(time.perf_counter() - start)
        assert column.type == pa.int64() and len(numbers) + len(rejects) == 100_000
        lines[70_000] = "{"
    assert rejects == [(70_001, "{", "invalid JSON")]
    assert elapsed[1] < 10 * elapsed[0]


def test_objects_stay_objects_whatever_they_hold(path):
    assert pa.types.is_struct(only(path, ['{"a": {"x": 1}}']).type)
    column = only(path, ['{"a": {"x": 1}}', '{"a": null}', '{"a": {"x": [2]}}'])
    assert column.to_pylist() == [{"json": '{"x": 1}'}, None, {"json": '{"x": [2]}'}]


def test_columns_that_nobody_wants_may_hold_anything(path):
    lines = ['{"a": 1.5, "b": {"x": 1}}', '{"a": 2.5, "b": {"x": [2]}, "c": 36893488147419103232}']
    assert only(path, lines).to_pylist() == [1.5, 2.5]


def test_a_key_that_every_line_lacks_is_a_mistake(path):
    assert read(path, ["[]", ""])[1] == []
    for lines in (["{}", "{}"], ['{"b": 1}', '{"b": "x"}']):
        with pytest.raises(Unreadable, match=r"has no column 'a'\. Its columns are: (none|b)$"):
            read(path, lines)


def test_nan_is_a_number(path):
    assert str(only(path, ['{"a": NaN}', '{"a": 1.5}']).to_pylist()) == "[nan, 1.5]"


@pytest.mark.parametrize("block_bytes", [1, 7, 20, 1000])
def test_lines_are_never_cut(path, block_bytes):
    lines = [json.dumps({"a": f"{i}" * i}) for i in range(1, 9)]
    columns, numbers, _ = read(path, lines, block_bytes, end="")
    found = [value for column in columns for value in column.to_pylist()]
    assert found == [f"{i}" * i for i in range(1, 9)] and numbers == list(range(1, 9))


def test_blank_lines_are_no_rows(path):
    assert read(path, ["", " ", "\r"])[1:] == ([], [])


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)


@hypothesis.given(st.lists(st.integers(-(2**53) + 1, 2**53 - 1) | st.none(), min_size=1))
@hypothesis.settings(deadline=None, max_examples=50)
def test_both_ways_of_reading_whole_numbers_agree(path, values):
    fast = only(path, [json.dumps({"a": value}) for value in values])
    slow = read_json._from_objects([{"a": value} for value in values], ["a"])["a"]
    assert text(fast)[0].to_pylist() == text(slow)[0].to_pylist()


@hypothesis.given(st.lists(scalars, min_size=1))
@hypothesis.settings(deadline=None, max_examples=50)
def test_every_line_gives_a_row(path, values):
    only(path, [json.dumps({"a": value}) for value in values])
