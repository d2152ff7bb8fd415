import os
import subprocess
import sys
import tempfile

import pytest

from pipeline.temporary import temporary_files_in

WHERE = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]


def test_temporary_files_of_a_process_and_of_those_it_starts_lie_in_a_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    before, folder = tempfile.gettempdir(), tmp_path / "work" / "tmp"
    with temporary_files_in(folder):
        assert tempfile.mkdtemp().startswith(f"{folder}/")
        assert subprocess.check_output(WHERE, text=True) == f"{folder}\n"
    assert not folder.exists()
    assert tempfile.gettempdir() == before
    assert "TMPDIR" not in os.environ


def test_what_a_killed_run_left_there_is_removed_first(tmp_path):
    folder = tmp_path / "tmp"
    folder.mkdir()
    (folder / "left").touch()
    with temporary_files_in(folder):
        assert list(folder.iterdir()) == []


def test_a_block_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", "/before")
    with pytest.raises(OSError), temporary_files_in(tmp_path / "tmp"):
        tempfile.mkdtemp()
        raise OSError("disk full")
    assert os.environ["TMPDIR"] == "/before"
    assert list(tmp_path.iterdir()) == []
