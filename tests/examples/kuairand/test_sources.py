"""The published files are found, or what is missing is named."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from examples.kuairand.sources import find_sources, read


def test_the_published_files_are_found(source):
    found = find_sources(source)
    assert [path.name for path in (*found.log, found.users, found.videos)] == [
        "log_standard_4_22_to_5_08_pure.csv",
        "user_features_pure.csv",
        "video_features_basic_pure.csv",
    ]


def test_the_data_folder_of_the_archive_is_entered(source, tmp_path):
    source.rename(tmp_path / "data")
    assert find_sources(tmp_path).users == tmp_path / "data" / "user_features_pure.csv"


def test_parquet_logs_are_taken_in_order_where_there_is_no_csv(source):
    next(source.glob("log_*.csv")).unlink()
    for name in ("val_20220425_20220430", "test_20220501_20220508", "notes"):
        (source / f"{name}.parquet").touch()
    assert [path.stem for path in find_sources(source).log] == [
        "test_20220501_20220508",
        "val_20220425_20220430",
    ]


def test_csv_logs_win_over_parquet_so_that_no_row_counts_twice(source):
    (source / "val_20220425_20220430.parquet").touch()
    assert [path.suffix for path in find_sources(source).log] == [".csv"]


def test_everything_missing_is_named_at_once(source):
    (source / "user_features_pure.csv").unlink()
    next(source.glob("log_*.csv")).unlink()
    with pytest.raises(FileNotFoundError) as error:
        find_sources(source)
    assert str(error.value).startswith(
        "KuaiRand-Pure needs user_features_pure.csv, log_standard_*.csv or "
        f"*_20[0-9]*_20[0-9]*.parquet, not found in {source}"
    )


def test_only_the_named_columns_are_read(source):
    with duckdb.connect() as connection:
        found = read(connection, find_sources(source).log, ("tab", "user_id"))
        assert found.columns == ["tab", "user_id"]
        assert found.fetchall()[3] == ("4", "1")


def test_a_missing_column_is_named_with_those_there_are(tmp_path):
    pq.write_table(pa.table({"user_id": [1], "tab": [2]}), tmp_path / "a.parquet")
    with duckdb.connect() as connection, pytest.raises(ValueError) as error:
        read(connection, (tmp_path / "a.parquet",), ("user_id", "time_ms"))
    assert str(error.value) == (
        "a.parquet must have the column time_ms of KuaiRand-Pure. Received: user_id, tab"
    )
