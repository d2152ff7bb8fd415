import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulation.files import open_file

SCHEMA = pa.schema([("id", pa.string()), ("age", pa.float64()), ("seen", pa.list_(pa.string()))])
ROWS = [{"id": "a", "age": 0.1, "seen": ["x", "y"]}, {"id": "b", "age": None, "seen": []}]


def write(path, format, *tables):
    file = open_file(path, format, SCHEMA)
    for rows in tables:
        file.write(pa.Table.from_pylist(rows, schema=SCHEMA))
    file.close()
    return path


def test_parquet_keeps_rows_and_types(tmp_path):
    table = pq.read_table(write(tmp_path / "f", "parquet", ROWS[:1], ROWS[1:]))
    assert table.to_pylist() == ROWS
    assert table.schema == SCHEMA


def test_csv_joins_lists_by_a_bar_and_leaves_missing_values_empty(tmp_path):
    path = write(tmp_path / "f", "csv", ROWS[:1], ROWS[1:])
    assert path.read_text() == '"id","age","seen"\n"a",0.1,"x|y"\n"b",,""\n'


def test_jsonl_has_an_object_a_line(tmp_path):
    path = write(tmp_path / "f", "jsonl", ROWS[:1], ROWS[1:])
    assert [json.loads(line) for line in path.read_text().splitlines()] == ROWS


@pytest.mark.parametrize(("format", "text"), [("csv", '"id","age","seen"\n'), ("jsonl", "")])
def test_a_text_log_without_rows_is_still_a_file(tmp_path, format, text):
    assert write(tmp_path / "f", format).read_text() == text


def test_a_parquet_log_without_rows_still_has_its_columns(tmp_path):
    table = pq.read_table(write(tmp_path / "f", "parquet"))
    assert table.num_rows == 0 and table.schema == SCHEMA
