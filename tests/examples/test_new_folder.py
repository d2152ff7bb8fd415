"""A folder appears whole or not at all."""

import pytest

from examples.new_folder import new_folder


def test_the_folder_appears_only_when_the_work_is_done(tmp_path):
    with new_folder(tmp_path / "out") as draft:
        (draft / "a.txt").write_text("a")
        assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "a.txt").read_text() == "a"


def test_after_a_failure_nothing_is_left(tmp_path):
    with pytest.raises(RuntimeError, match="half way"), new_folder(tmp_path / "out") as draft:
        (draft / "a.txt").write_text("a")
        raise RuntimeError("half way")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_replaced_and_parents_are_made(tmp_path):
    (tmp_path / "deep" / "out").mkdir(parents=True)
    for out in (tmp_path / "deep" / "out", tmp_path / "new" / "out"):
        with new_folder(out) as draft:
            (draft / "a.txt").write_text("a")
        assert (out / "a.txt").exists()


def test_a_folder_with_something_in_it_is_refused_and_kept(tmp_path):
    (tmp_path / "old.txt").write_text("old")
    message = r"new or an empty folder.*Remove it or name another"
    with pytest.raises(FileExistsError, match=message), new_folder(tmp_path):
        raise AssertionError("never reached")
    assert (tmp_path / "old.txt").read_text() == "old"


def test_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("a file")
    with (
        pytest.raises(FileExistsError, match="new or an empty folder"),
        new_folder(tmp_path / "out"),
    ):
        raise AssertionError("never reached")
