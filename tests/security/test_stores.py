"""What libraries do on our behalf with files: DuckDB, NumPy, tf.Transform."""

import io

import duckdb
import numpy as np
import pytest

from components.log_example_gen.partition import SEALED
from components.transform.analyses import Analyses, read_values


@pytest.mark.parametrize(
    "statement",
    [
        *("SELECT * FROM read_csv('<FILE>')", "SELECT * FROM '<FILE>'", "SELECT * FROM secret"),
        *("COPY (SELECT 1) TO '<FILE>'", "ATTACH '<FILE>'", "INSTALL httpfs", "LOAD httpfs"),
        *("EXPORT DATABASE '<FILE>'", "SELECT * FROM glob('/*')"),
    ],
)
def test_duckdb_computes_and_touches_no_file(statement, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.csv").write_text("a\n1\n")
    secret = {"a": np.arange(2)}  # DuckDB would find it by its name
    with duckdb.connect(config=SEALED) as connection, pytest.raises(duckdb.Error):
        connection.execute(statement.replace("<FILE>", str(tmp_path / "file.csv")))
    assert [path.name for path in tmp_path.iterdir()] == ["file.csv"]
    assert secret["a"].sum() == 1


def test_duckdb_has_no_place_for_what_it_cannot_hold():
    with duckdb.connect(config=SEALED) as connection:
        told = connection.execute("SELECT current_setting('temp_directory')").fetchall()
    assert told == [("",)]


def test_numpy_unpickles_nothing_where_it_is_told_not_to():
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}], object), allow_pickle=True)
    file.seek(0)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        np.load(file, allow_pickle=False)


def test_an_analysis_that_was_swapped_for_code_does_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = b"cos\nmkdir\n(S'planted'\ntR."
    path = Analyses(str(tmp_path / "analyses")).write("2026-01-01-ab", [b"e"], [(b"e", code)])
    with pytest.raises(ValueError, match=r"it would call|reading it would call os\.mkdir"):
        list(read_values(path))
    assert not (tmp_path / "planted").exists()
