import json
import os
import re

import pytest

from pipeline.errors import RunFailed
from pipeline.lock import locked
from pipeline.work_dir import WorkDir


def test_a_second_run_in_a_work_directory_is_refused_in_one_sentence_that_names_the_first(tmp_path):
    work = WorkDir(tmp_path / "work")
    with locked(work):
        with pytest.raises(RunFailed) as refused, locked(work):
            pass
        said = str(refused.value)
        assert json.loads(work.lock.read_text())["pid"] == os.getpid()
    assert said.startswith(f"{work.root} is in use by `")
    assert re.search(rf"\(process {os.getpid()} on \S+, since 20\S+\): two runs would mix", said)
    assert said.endswith("Wait for it to end, or give another --work")
    with locked(work):
        pass


def test_runs_in_other_work_directories_are_no_concern(tmp_path):
    with locked(WorkDir(tmp_path / "one")), locked(WorkDir(tmp_path / "two")):
        pass


def test_what_fails_under_the_lock_is_not_taken_for_a_lock_that_failed(tmp_path):
    with pytest.raises(OSError, match=r"^no space left$"), locked(WorkDir(tmp_path)):
        raise OSError("no space left")


def test_a_work_directory_that_cannot_be_locked_is_one_sentence(tmp_path):
    (tmp_path / "work").write_text("a file")
    said = r"cannot lock .*work/\.lock: .*Give a --work that can be written"
    with pytest.raises(RunFailed, match=said), locked(WorkDir(tmp_path / "work")):
        pass
