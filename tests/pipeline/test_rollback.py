"""The version before the newest is served again, whatever happens meanwhile."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from components.atomic_pusher.executor import next_version
from components.baseline_model.component import newest_version
from components.lock import exclusive
from pipeline.errors import Misuse, RunFailed
from pipeline.rollback import Version, put_back, roll_back

SPANS = ("2026-01-01", "2026-01-02")
FILES = ("saved_model.pb", "variables/variables.index", "assets.extra/funnelrank.json")


@pytest.fixture
def serving(tmp_path):
    return tmp_path / "serving"


@pytest.fixture
def push(serving):
    """Puts complete versions into the serving directory."""

    def put(*versions):
        for version in versions:
            for name in FILES:
                file = serving / str(version) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                text = json.dumps({"spans": SPANS}) if name.endswith("json") else str(version)
                file.write_text(text, encoding="utf-8")

    return put


def lying(serving: Path) -> list[str]:
    """What lies in the serving directory, beside the lock."""
    return sorted(set(os.listdir(serving)) - {".lock"})


def seen(serving: Path) -> int:
    """The version that a server would load; all that it sees must be complete."""
    found = [int(name) for name in os.listdir(serving) if name.isdecimal()]
    for version in found:
        assert all((serving / str(version) / name).is_file() for name in FILES)
    return max(found)


def test_the_newest_version_is_withdrawn_and_the_one_before_it_is_the_newest(push, serving):
    push(7, 8, 10)
    done = roll_back(serving)
    assert [version.number for version in done.withdrawn] == [10]
    assert done.newest == Version(8, SPANS)
    assert done.newest.period == "2026-01-01 to 2026-01-02"
    assert seen(serving) == 8
    assert all((serving / ".withdrawn" / "10" / name).is_file() for name in FILES)


def test_a_second_rollback_goes_one_further_until_one_is_left(push, serving):
    push(7, 8, 9)
    assert roll_back(serving).newest.number == 8
    assert roll_back(serving).newest.number == 7
    with pytest.raises(Misuse, match="holds one version only, 7: there is none to go back to"):
        roll_back(serving)
    assert seen(serving) == 7


def test_it_goes_back_to_a_version_that_is_named(push, serving):
    push(7, 8, 9, 10)
    done = roll_back(serving, 7)
    assert [version.number for version in done.withdrawn] == [8, 9, 10]
    assert lying(serving) == [".withdrawn", "7"]


def test_what_was_withdrawn_is_served_again_by_the_command_that_is_told(push, serving, monkeypatch):
    push(7, 8)
    roll_back(serving)
    monkeypatch.chdir(serving.parent)
    command = put_back(serving / ".withdrawn" / "8")
    assert command == "mv serving/.withdrawn/8 serving/"
    subprocess.run(command, shell=True, check=True)
    assert seen(serving) == 8


def test_no_later_run_sees_what_was_withdrawn_and_no_push_takes_its_number(push, serving):
    ahead = int(time.time()) + 10_000
    push(7, ahead)
    roll_back(serving)
    assert newest_version(str(serving)) == "7"
    assert next_version(str(serving)) == str(ahead + 1)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        (9, r"there is no version 9 in .*Its versions are: 7, 8"),
        (8, "version 8 is the newest already"),
    ],
)
def test_a_version_that_cannot_be_gone_back_to_is_refused(push, serving, to, said):
    push(7, 8)
    with pytest.raises(Misuse, match=said):
        roll_back(serving, to)
    assert lying(serving) == ["7", "8"]


def test_a_folder_without_versions_is_refused(push, serving):
    with pytest.raises(Misuse, match="there is no folder"):
        roll_back(serving)
    push(7)
    with pytest.raises(Misuse, match=r"is a version itself, give .*serving"):
        roll_back(serving / "7")
    with pytest.raises(Misuse, match="holds no version: give the folder whose folders are"):
        roll_back(serving.parent)


@pytest.mark.parametrize("broken", [7, 8])
@pytest.mark.parametrize("lacks", ["saved_model.pb", "assets.extra/funnelrank.json"])
def test_nothing_is_touched_where_a_version_is_no_model_of_ours(push, serving, broken, lacks):
    push(6, 7, 8)
    (serving / str(broken) / lacks).unlink()
    with pytest.raises(Misuse, match=rf"{broken} is no model of funnelrank: it lacks"):
        roll_back(serving)
    assert lying(serving) == ["6", "7", "8"]


def test_a_server_that_looks_at_any_moment_sees_one_switch(push, serving, monkeypatch):
    push(7, 8, 9, 10)
    rename, looks = Path.rename, []

    def look_and_rename(path, target):
        looks.append(seen(serving))
        rename(path, target)
        looks.append(seen(serving))

    monkeypatch.setattr(Path, "rename", look_and_rename)
    roll_back(serving, 7)
    assert looks == [10, 10, 10, 10, 10, 7]


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_killed_at_any_moment_it_leaves_the_newest_and_done_again_it_ends(
    push, serving, monkeypatch, renames
):
    push(7, 8, 9, 10)
    rename, left = Path.rename, [renames]

    def die(path, target):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        rename(path, target)

    monkeypatch.setattr(Path, "rename", die)
    with pytest.raises(KeyboardInterrupt):
        roll_back(serving, 7)
    assert seen(serving) == 10
    monkeypatch.undo()
    assert roll_back(serving, 7).newest.number == 7
    assert seen(serving) == 7


def test_a_file_system_that_refuses_is_told_with_what_was_done(push, serving):
    push(7, 8, 9)
    (serving / ".withdrawn" / "9" / "left").mkdir(parents=True)
    with pytest.raises(RunFailed, match=r"version 9 cannot be moved .*Withdrawn were: 8$"):
        roll_back(serving, 7)
    assert seen(serving) == 9


def test_a_rollback_does_not_wait_for_tensorflow(push, serving):
    push(7, 8)
    code = (
        "import sys, pathlib; from pipeline.rollback import roll_back; "
        f"roll_back(pathlib.Path({str(serving)!r})); "
        "assert not {'tensorflow', 'tfx', 'apache_beam'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert seen(serving) == 7


def test_a_rollback_waits_for_a_push_that_is_at_work_and_sees_what_it_brings(push, serving):
    push(7, 8)
    pushing = exclusive(serving / ".lock")
    told = []

    def end_the_push(holder):
        told.append(holder)
        push(9)
        threading.Timer(0.1, lambda: pushing.__exit__(None, None, None)).start()

    pushing.__enter__()
    done = roll_back(serving, waiting=end_the_push)
    assert [version.number for version in done.withdrawn] == [9]
    assert "(process " in told[0]


def test_a_serving_directory_that_cannot_be_locked_is_one_sentence(push, serving):
    push(7, 8)
    (serving / ".lock").mkdir()
    with pytest.raises(RunFailed, match=r"serving cannot be locked: .*Nothing was withdrawn$"):
        roll_back(serving)
    assert seen(serving) == 8


def test_what_came_too_late_to_be_served_is_not_gone_back_to(push, serving):
    push(7, 8, ".superseded/9")
    assert roll_back(serving).newest.number == 7
    with pytest.raises(Misuse, match="holds one version only"):
        roll_back(serving)
