import pytest

from simulation.placement import check_free, placed_at_the_end


def test_a_directory_appears_only_when_complete(tmp_path):
    out = tmp_path / "deep" / "out"
    with placed_at_the_end(out) as directory:
        (directory / "file").write_text("x")
        assert not out.exists()
    assert (out / "file").read_text() == "x"
    assert list(out.parent.iterdir()) == [out]


def test_a_failure_leaves_nothing_behind(tmp_path):
    with pytest.raises(KeyError), placed_at_the_end(tmp_path / "out") as directory:
        (directory / "file").write_text("x")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_others_may_read_what_they_could_read_elsewhere(tmp_path):
    with placed_at_the_end(tmp_path / "out"):
        pass
    (tmp_path / "usual").mkdir()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_an_empty_directory_is_free_and_gets_filled(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    check_free(out)
    with placed_at_the_end(out) as directory:
        (directory / "file").touch()
    assert [path.name for path in out.iterdir()] == ["file"]


def test_what_holds_something_is_refused_and_kept(tmp_path):
    (tmp_path / "precious").write_text("x")
    for out in (tmp_path, tmp_path / "precious"):
        with pytest.raises(FileExistsError, match="Name another directory") as error:
            check_free(out)
        assert str(out) in str(error.value)
    assert (tmp_path / "precious").read_text() == "x"


def test_a_mount_point_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr("os.path.ismount", lambda path: path == tmp_path)
    with pytest.raises(FileExistsError, match="Name a directory below it") as error:
        check_free(tmp_path)
    assert str(tmp_path / "logs") in str(error.value)
