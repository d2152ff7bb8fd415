"""A day's run is a process; here one of Python that does what is asked of it."""

import datetime
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.day_record import DayRecord, write_day
from pipeline.interrupts import Terminated, terminable
from pipeline.run_day import DayRun, run_day
from pipeline.work_dir import WorkDir

DAY = datetime.date(2026, 1, 2)
RECORD = DayRecord(span=DAY, run="r1", made_from="m", outcome="refused", reasons=("ctr.auc",))


class Python(DayRun):
    """Runs a program in place of the command."""

    def command(self, span):
        return [sys.executable, "-c", self.overrides[0], str(self.work.days / f"{span}.json")]


@pytest.fixture
def work(tmp_path):
    return WorkDir(tmp_path / "work")


def test_the_command_has_all_that_was_asked(tmp_path):
    run = DayRun(Path("shop.yaml"), WorkDir(tmp_path), 3, ("gates={}", "training.epochs=2"))
    assert run.command(DAY) == [
        *(sys.executable, "-m", "pipeline", "run", "shop.yaml", "--span", "2026-01-02"),
        *("--work", str(tmp_path), "--window", "3"),
        *("--set", "gates={}", "--set", "training.epochs=2"),
    ]
    assert "--window" not in DayRun(Path("shop.yaml"), WorkDir(tmp_path)).command(DAY)


def test_a_day_came_to_what_its_run_has_kept(work):
    write_day(work, RECORD)
    anew = RECORD.model_copy(update={"run": "r2"})
    program = f"import sys; open(sys.argv[1], 'w').write({anew.model_dump_json()!r}); sys.exit(1)"
    assert run_day(Python(Path(), work, None, (program,)), DAY) == anew


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; sys.exit(2)", "the run ended with 2"),
        ("import os; os.kill(os.getpid(), 9)", "the run ended by SIGKILL"),
    ],
)
def test_a_run_that_keeps_nothing_has_failed_whatever_an_earlier_one_came_to(work, program, said):
    write_day(work, RECORD)
    found = run_day(Python(Path(), work, None, (program,)), DAY)
    assert (found.outcome, found.reasons) == ("failed", (said,))


def test_a_signal_ends_the_run_too(work, tmp_path):
    begun = tmp_path / "begun"
    program = f"import time; open({str(begun)!r}, 'w').close(); time.sleep(60)"

    def end_when_begun():
        while not begun.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_when_begun, daemon=True).start()
    started = time.monotonic()
    with terminable(), pytest.raises(Terminated):
        run_day(Python(Path(), work, None, (program,)), DAY)
    assert time.monotonic() - started < 30
