"""`docs/spans.md`: its commands are understood, and what it quotes is what is said."""

import datetime
import io
import re
import shlex
from pathlib import Path

import pytest
from rich.console import Console

from components.lock import Holder
from components.log_example_gen.markers import marker_path
from pipeline.backfill import Day, backfill_table
from pipeline.cli import main
from pipeline.day_record import DayRecord
from pipeline.watch_spans import _MOST_POLLS
from pipeline.work_dir import WorkDir
from schemas.logs import Log

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "spans.md").read_text(encoding="utf-8")
# The day that a shell puts in place of $(...).
LINES = re.sub(r"\$\(.*?\)", "2026-01-31", PAGE)
COMMANDS = [
    shlex.split(match[1], comments=True)[1:]
    for match in re.finditer(r"^(?:0 3 .* && |ExecStart=)?\S*?(funnelrank .*)$", LINES, re.M)
]


def test_runs_backfills_and_watches_are_shown():
    assert [name for name, *_ in COMMANDS] == [*["run"] * 4, "backfill", *["run"] * 3, "backfill"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_its_commands_are_understood(command):
    name, *arguments = command
    arguments = arguments[: arguments.index(">>")] if ">>" in arguments else arguments
    told = main.commands[name].make_context(name, arguments).params
    assert told["config"] == Path("configs/shop.yaml")


def test_a_holder_of_the_lock_is_named_as_the_page_says():
    holder = Holder("funnelrank run configs/shop.yaml", 4711, "host-1", "2026-02-01T03:00:00+00:00")
    assert f"in use by {holder}: two runs would mix there. Wait" in PAGE


def test_the_markers_lie_where_the_page_says():
    told = re.search(r"`(clicks/\S+)` and `(clicks/\S+)` both look for `(\S+)`", PAGE)
    *paths, marker = told.groups()
    for path in paths:
        log = Log(path=path, id="id", time={"column": "time"})
        assert marker_path("clicks", log).replace("{SPAN}", "2026-01-31") == marker


def test_failed_runs_are_tried_again_as_often_as_the_page_says():
    assert f"after 1, 2, 4 polls and so on, at most {_MOST_POLLS}" in " ".join(PAGE.split())


def test_the_table_of_a_backfill_looks_as_the_page_shows_it(tmp_path):
    work = WorkDir(tmp_path)
    (work.serving / "1770000001").mkdir(parents=True)
    first, second, third = (datetime.date(2026, 1, day) for day in (1, 2, 3))
    made = {"run": "20260201T030000Z", "made_from": ""}
    pushed = DayRecord(span=first, outcome="pushed", version="1770000001", **made)
    why = ("ctr.auc is 0.571, it must be at least 0.6",)
    refused = DayRecord(span=second, outcome="refused", reasons=why, **made)
    days = [
        Day(first, "earlier", pushed),
        Day(second, "now", refused),
        Day(third, "never", empty=True),
    ]
    console = Console(file=io.StringIO(), width=120)
    console.print(backfill_table(work, days))
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert "\n".join(lines) in PAGE
