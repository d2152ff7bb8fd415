import datetime
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


def test_the_log_of_a_run_is_named_after_the_second_it_starts_in(tmp_path):
    now = datetime.datetime(2026, 1, 31, 23, 59, 59, 999, tzinfo=datetime.UTC)
    assert WorkDir(tmp_path).new_log(now) == tmp_path / "logs" / "20260131T235959Z.log"


def test_a_clock_that_was_put_back_takes_no_run_s_name_and_none_before_it(tmp_path):
    work = WorkDir(tmp_path)
    work.logs.mkdir()
    for name in ("20261231T235959Z.log", "20250101T000000Z.log", "zzz.log"):
        (work.logs / name).touch()
    now = datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)
    assert work.new_log(now).name == "20270101T000000Z.log"
    later = datetime.datetime(2028, 1, 1, tzinfo=datetime.UTC)
    assert work.new_log(later).name == "20280101T000000Z.log"
