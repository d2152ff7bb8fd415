import click
import pytest

from benchmarks.serving_speed import exports


def test_a_saved_model_is_made_once(tmp_path, capfd):
    folder = exports.saved_model("bare", "esmm", tmp_path)
    made = (folder / "saved_model.pb").stat().st_mtime_ns
    assert exports.saved_model("bare", "esmm", tmp_path) == folder
    assert (folder / "saved_model.pb").stat().st_mtime_ns == made
    assert capfd.readouterr().err.count("Making the SavedModel of bare, esmm") == 1
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_what_fails_is_told_and_leaves_nothing(tmp_path):
    # A module that wants other arguments.
    with pytest.raises(
        click.ClickException, match=r"(?s)serving_speed.worker .* failed:.*TypeError"
    ):
        exports.saved_model("worker", "esmm", tmp_path)
    assert not list(tmp_path.iterdir())


def test_other_code_is_another_folder(tmp_path, monkeypatch):
    sources = tmp_path / "benchmarks" / "serving_speed"
    sources.mkdir(parents=True)
    monkeypatch.setattr(exports, "ROOT", tmp_path)
    (sources / "one.py").write_text("a")
    first = exports._digest(["benchmarks/serving_speed/one.py"])
    assert exports._digest(["benchmarks"]) == first
    (sources / "one.py").write_text("b")
    assert exports._digest(["benchmarks"]) != first
