import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from components.log_example_gen import read_parquet
from components.log_example_gen.rejects import Rejects
from components.log_example_gen.streams import Unreadable


def write(path, rows=1000, group=100):
    table = pa.table({"id": np.arange(rows), "x": np.arange(rows) * 7.5})
    pa.parquet.write_table(
        table, path, row_group_size=group, use_dictionary=False, write_page_checksum=True
    )


def numbers_until_unreadable(path, columns=("id",)):
    numbers = []
    with pytest.raises(Unreadable) as caught:
        for rows in read_parquet.read_parquet(str(path), list(columns), Rejects("clicks", "")):
            assert rows.batch["id"].to_pylist() == [number - 1 for number in rows.numbers.tolist()]
            numbers += rows.numbers.tolist()
    return numbers, caught.value


def test_rows_before_a_broken_page_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(read_parquet, "BATCH_ROWS", 100)
    path = tmp_path / "a.parquet"
    write(path)
    data = bytearray(path.read_bytes())
    group = pa.parquet.ParquetFile(path).metadata.row_group(4).column(0)
    middle = group.data_page_offset + group.total_compressed_size // 2
    data[middle] ^= 0xFF
    path.write_bytes(data)
    numbers, error = numbers_until_unreadable(path)
    assert numbers == list(range(1, 401))
    assert error.number == 400 and error.reason.startswith("cannot be read: could not verify page")


@pytest.mark.parametrize("kept", [3, 8, 500, -1])
def test_a_file_cut_short_has_no_rows(tmp_path, kept):
    path = pathlib.Path(tmp_path / "a.parquet")
    write(path)
    path.write_bytes(path.read_bytes()[:kept])
    numbers, error = numbers_until_unreadable(path)
    assert numbers == [] and error.number is None
    assert error.reason.startswith("is no sound Parquet file: ")


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array([1])] * 2, names=["id", "id"])
    pa.parquet.write_table(table, tmp_path / "a.parquet")
    _, error = numbers_until_unreadable(tmp_path / "a.parquet")
    assert error.reason == "has column 'id' 2 times"


def test_a_file_without_a_row_group_has_no_rows(tmp_path):
    path = tmp_path / "a.parquet"
    pa.parquet.ParquetWriter(path, pa.schema([("id", pa.int64())])).close()
    assert pa.parquet.ParquetFile(path).num_row_groups == 0
    assert list(read_parquet.read_parquet(str(path), ["id"], Rejects("clicks", ""))) == []
