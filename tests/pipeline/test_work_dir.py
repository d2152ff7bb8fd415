from pathlib import Path

from pipeline.work_dir import WorkDir


def test_everything_of_a_run_lies_under_its_root():
    work = WorkDir(Path("/runs/demo"))
    folders = (
        *("artifacts", "serving", "checkpoints", "tuning", "analyses"),
        *("schemas", "timings", "reports", "logs"),
    )
    for name in folders:
        assert getattr(work, name) == Path("/runs/demo") / name
    assert work.metadata == Path("/runs/demo/metadata.sqlite")


def test_naming_a_place_makes_nothing(tmp_path):
    work = WorkDir(tmp_path / "new")
    assert work.artifacts.parent == work.root
    assert not work.root.exists()
