import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipeline.errors import Misuse, RunFailed
from pipeline.quiet import chatter_to, quietly
from pipeline.remote.refusal import NoAnswer

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, subprocess, sys, warnings
from pathlib import Path
from pipeline.quiet import chatter_to

print("before")
try:
    with chatter_to(Path(sys.argv[1])) as console:
        print("python out")
        print("python err", file=sys.stderr)
        os.write(1, b"c out\\n")
        os.write(2, b"c err\\n")
        warnings.warn("old thing")
        subprocess.run(["echo", "child out"])
        console.print("for the user")
        raise KeyError("stop")
except KeyError:
    print("after")
    print("problem", file=sys.stderr)
"""


def test_all_chatter_goes_to_the_file_and_the_console_alone_to_the_real_stdout(tmp_path):
    log = tmp_path / "logs" / "run.log"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(log)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == "before\nfor the user\nafter\n"
    assert done.stderr == "problem\n"
    said = log.read_text()
    for words in ("python out", "python err", "c out", "c err", "old thing", "child out"):
        assert words in said, words
    assert "for the user" not in said
    assert "before" not in said


def test_a_reader_that_goes_away_does_not_end_what_is_at_work(tmp_path):
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom pipeline.quiet import chatter_to\n"
        "reader, writer = os.pipe()\nos.dup2(writer, 1)\nos.close(reader)\n"
        "with chatter_to(Path(sys.argv[1])) as console:\n"
        "    console.print('nobody hears this')\n    console.print('nor this')\n"
        "    print('done')\nos._exit(7)\n"
    )
    log = tmp_path / "run.log"
    done = subprocess.run([sys.executable, "-c", program, str(log)], cwd=ROOT, capture_output=True)
    assert (done.returncode, done.stderr) == (7, b"")
    assert log.read_text() == "done\n"


def test_the_log_is_no_program_and_no_descriptor_stays_open(tmp_path):
    log = tmp_path / "run.log"
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with chatter_to(log):
            pass
    assert log.stat().st_mode & 0o111 == 0
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_log_that_cannot_be_written_leaves_the_terminal_as_it_was(tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(Misuse) as misuse, chatter_to(tmp_path):
        raise AssertionError("a folder is no log file")
    assert str(misuse.value).startswith(f"cannot write the log {tmp_path}: IsADirectoryError: ")
    assert str(misuse.value).endswith(". Mend that, or give another --work")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_of_work_that_ends_well_no_chatter_stays(tmp_path):
    log = tmp_path / "score.log"
    with quietly("scoring", log):
        assert log.exists()
    assert not log.exists()


@pytest.mark.parametrize("error", [Misuse, NoAnswer])
def test_where_the_sentence_says_it_all_no_chatter_stays(error, tmp_path):
    log = tmp_path / "score.log"
    with pytest.raises(error, match=r"^the rule$"), quietly("scoring", log):
        raise error("the rule")
    assert not log.exists()


def test_of_work_that_fails_the_chatter_stays_and_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(RunFailed) as failure, quietly("scoring"):
        os.write(1, b"a library speaks\n")
        raise KeyError("age")
    (log,) = tmp_path.iterdir()
    assert str(failure.value) == f"scoring failed: KeyError: 'age'. The whole story is in {log}"
    assert log.read_text().startswith("a library speaks\nTraceback (most recent call last):")


def test_a_log_of_work_that_cannot_be_written_is_told_as_such_and_stays_what_it_is(tmp_path):
    with pytest.raises(Misuse, match="cannot write the log"), quietly("scoring", tmp_path):
        raise AssertionError("a folder is no log file")
    assert tmp_path.is_dir()
