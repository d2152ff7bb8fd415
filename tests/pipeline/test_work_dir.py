from pathlib import Path

import pytest

from pipeline.errors import Misuse
from pipeline.work_dir import WorkDir


def test_everything_of_a_run_lies_under_its_root():
    work = WorkDir(Path("/runs/demo"))
    folders = (
        *("artifacts", "serving", "checkpoints", "tuning", "analyses"),
        *("timings", "reports", "logs"),
    )
    for name in folders:
        assert getattr(work, name) == Path("/runs/demo") / name
    assert work.metadata == Path("/runs/demo/metadata.sqlite")


def test_naming_a_place_makes_nothing(tmp_path):
    work = WorkDir(tmp_path / "new")
    assert work.artifacts.parent == work.root
    assert not work.root.exists()


def test_a_place_is_prepared_once_and_again(tmp_path):
    work = WorkDir(tmp_path / "a" / "b")
    work.prepare()
    work.prepare()
    assert list(work.root.iterdir()) == []


def test_a_place_where_nothing_can_be_written_is_misuse(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Misuse, match=r"cannot write under .*file \(see --work\)"):
        WorkDir(tmp_path / "file").prepare()
