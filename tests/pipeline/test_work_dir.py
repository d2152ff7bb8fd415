from pathlib import Path

from pipeline.work_dir import WorkDir


def test_everything_of_a_run_lies_under_its_root():
    work = WorkDir(Path("/runs/demo"))
    names = ("artifacts", "metadata", "serving", "checkpoints", "schemas", "logs")
    assert [str(getattr(work, name).relative_to(work.root)) for name in names] == [
        "artifacts", "metadata.sqlite", "serving", "checkpoints", "schemas", "logs",
    ]  # fmt: skip


def test_naming_a_place_makes_nothing(tmp_path):
    work = WorkDir(tmp_path / "new")
    assert work.artifacts.parent == work.root
    assert not work.root.exists()
