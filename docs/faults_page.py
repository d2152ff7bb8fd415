"""Writes docs/faults.md: what comes of a run when something goes wrong.

Run as `python docs/faults_page.py` it causes every fault of `tests/faults`, on a small pipeline,
and writes the page from what came of them. A test causes them again, and fails when a line differs.
It needs to be root: a disk is mounted to be filled.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))

from tests.faults import of_logs, of_places, of_runs  # noqa: E402
from tests.faults.disk import small_disk  # noqa: E402
from tests.faults.fault import Fault, caused  # noqa: E402
from tests.faults.shop import Shop  # noqa: E402

PAGE = _ROOT / "docs" / "faults.md"
KILLS = _ROOT / "benchmarks" / "results" / "kills.json"
_INTRODUCTION = """\
# When something goes wrong

Whatever stops a run, three things hold. **The user gets one sentence** with the reason and the way
out, never a traceback; that is in the log. **What was finished is kept**: the same command goes on
from there, and training from its last checkpoint. **Nothing is half there**: a model, a report or
an analysis is written aside and renamed when it is whole.

- A step whose error is of the moment (a connection lost, a server away, a database locked) is run
  up to three times, some seconds apart. Every step may be: TFX removes what a failed one wrote,
  training goes on from its checkpoint, and a push looks for its model among what is served. What a
  gate refuses is not tried again.
- Ctrl-C and SIGTERM end a run in order, with exit codes 130 and 143. After `kill -9` nobody can
  tidy up: the next run cancels in ML Metadata what never ended, and removes its folders, what was
  written aside, and `<work>/tmp`, where all temporary files of a run lie.
- Artifacts that ML Metadata does not know are never touched: a run that finds some refuses to
  start. It would give new results the same names, and mix old files with new ones.
- A broken file in `analyses/` or `checkpoints/` is no reason to stop: its span is analysed again,
  and training goes on from the checkpoint before. Of a result that lacks files, the step that reads
  it says which: delete that result's folder, and its step makes it again.
- Log files that come, change or go between the first check and the reading stop the run: the
  examples would be cached as those of other files.

## Faults

Each line was obtained: `docs/faults_page.py` causes every fault on a small pipeline and writes this
page; a test causes them again, in this order, in two work directories, and fails when a line
differs (`make test`: a third of those without a run at work; `make test-long`: all). In the end the
model has the figures of a run that nothing disturbed, to the last digit, one version is served, and
no half-written file, no temporary folder and no execution without an end
is left. `LOGS`, `WORK`, `CONFIG`, `RUN` and `VERSION` stand for names, `N` for a number.

"""
_HEAD = ("| what | when | what the user sees | exit | lost |", "|---|---|---|---|---|")


def page(lines: Sequence[str], kills: str) -> str:
    """Returns the whole page.

    Args:
        lines: of the table.
        kills: the section on random kills.
    """
    return "\n".join([_INTRODUCTION + _HEAD[0], *_HEAD[1:], *lines]) + "\n\n" + kills


def kills_section(told: dict[str, object]) -> str:
    """Returns what random kills came to, as `benchmarks/kills.py` wrote it."""
    return (
        "## Killed at random\n\n"
        f"`benchmarks/kills.py` kills a run and all its processes by `kill -9`, {told['kills']} "
        f"times at random moments of the\n{told['seconds']} s that it takes, each time in a new "
        f"work directory, and runs it again. {told['ended_well']} of the second runs ended well,\n"
        f"{told['kept']} took all that was finished from the cache, {told['same']} had the figures "
        "of a run that nothing disturbed, to the last digit,\n"
        f"{told['one_version']} left one served version, and {told['clean']} left nothing half-"
        "written and no execution without an end.\n"
    )


def lines(place: Path) -> Iterator[str]:
    """Yields the lines of the table; see `tests/faults/test_faults.py`.

    Raises:
        RuntimeError: if a fault ends otherwise than it should.
    """
    logs = place / "logs"
    calm = Shop(logs, place / "calm")
    calm.run()
    for fault in (*of_logs.FAULTS, *of_places.FAULTS):
        yield _line(fault, calm)
    with small_disk(place / "storm"):
        storm = Shop(logs, place / "storm")
        for fault in of_runs.FAULTS:
            yield _line(fault, storm)


def _line(fault: Fault, shop: Shop) -> str:
    outcome = caused(fault, shop)
    if outcome.ended.code != fault.code:
        raise RuntimeError(f"{fault.what}: exit code {outcome.ended.code}, {outcome.ended.error}")
    return outcome.line(shop)


def main() -> None:
    """Causes every fault, and writes the page."""
    kills = kills_section(json.loads(KILLS.read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory() as place:
        PAGE.write_text(page(list(lines(Path(place))), kills), encoding="utf-8")


if __name__ == "__main__":
    main()
