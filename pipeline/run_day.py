"""One day's run in a process of its own, for those who run many days.

Between two runs TensorFlow then holds no memory and no accelerator, and a run that crashes, or that
the kernel kills for its memory, ends nobody else.
"""

import dataclasses
import datetime
import signal
import subprocess
import sys
from pathlib import Path

from pipeline.day_record import DayRecord, read_day
from pipeline.interrupts import Terminated
from pipeline.work_dir import WorkDir


@dataclasses.dataclass(frozen=True)
class DayRun:
    """What the runs of several days have in common.

    Attributes:
        config: the YAML file.
        work: where the runs write.
        window: how many spans they read; the config's number if None.
        overrides: of keys of the config, `a.b=c` each.
    """

    config: Path
    work: WorkDir
    window: int | None = None
    overrides: tuple[str, ...] = ()

    def command(self, span: datetime.date) -> list[str]:
        """Returns the words of the command that runs a day."""
        words = [sys.executable, "-m", "pipeline", "run", str(self.config)]
        words += ["--span", span.isoformat(), "--work", str(self.work.root)]
        words += [] if self.window is None else ["--window", str(self.window)]
        return words + [word for override in self.overrides for word in ("--set", override)]


def run_day(run: DayRun, span: datetime.date) -> DayRecord:
    """Runs a day, which shows its progress in this terminal; returns what it came to.

    Raises:
        KeyboardInterrupt: by Ctrl-C or SIGTERM, after the run has ended too.
    """
    before = read_day(run.work, span)
    with subprocess.Popen(run.command(span)) as process:
        try:
            code = process.wait()
        except Terminated:  # Ctrl-C reaches both processes, SIGTERM this one
            process.terminate()
            raise
    record = read_day(run.work, span)
    if record is not None and record != before:
        return record
    how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
    return DayRecord(span=span, run="", made_from="", outcome="failed", reasons=(f"the run {how}",))
