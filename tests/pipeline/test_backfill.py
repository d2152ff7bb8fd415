"""Days of a real log; what stands for their runs keeps what a run keeps."""

import datetime
import io
import itertools
import os
import re

import pytest
from rich.console import Console

from pipeline.backfill import backfill, backfill_table
from pipeline.config_file import load_config
from pipeline.day_record import DayRecord, made_from, write_day
from pipeline.errors import Misuse
from pipeline.preflight import resolve_inputs
from pipeline.work_dir import WorkDir

BY_HASH = "split={by: hash, key: user, eval: 50%}"  # any day can be run


def day(number):
    return datetime.date(2026, 1, number)


class Shop:
    """A config, its logs, and runs whose outcomes are told beforehand."""

    def __init__(self, path, work):
        self.path, self.work = path, work
        self.ran, self.outcomes, self.overrides = [], {}, (BY_HASH,)
        self.versions = itertools.count(101)

    def config(self):
        return load_config(self.path, self.overrides)

    def run_day(self, span):
        self.ran.append(span.day)
        config = self.config()
        outcome = self.outcomes.get(span.day, "pushed")
        record = DayRecord(
            span=span,
            run=f"r{len(self.ran)}",
            made_from=made_from(config, resolve_inputs(config, span), self.work),
            outcome=outcome,
            version=str(next(self.versions)) if outcome == "pushed" else None,
            reasons=() if outcome == "pushed" else (f"{span.day} was {outcome} [by a gate]", "b"),
        )
        if outcome == "pushed":
            (self.work.serving / record.version).mkdir(parents=True)
        write_day(self.work, record)
        return record

    def fill(self, first, last, keep_going=False, window=None):
        self.ran.clear()
        days = backfill(
            self.config(), self.work, day(first), day(last), window, keep_going, self.run_day
        )
        return [(one.span.day, one.when, one.passed) for one in days]

    def table(self, first, last, width=100):
        days = backfill(self.config(), self.work, day(first), day(last), None, False, self.run_day)
        console = Console(file=io.StringIO(), width=width)
        console.print(backfill_table(self.work, days))
        lines = console.file.getvalue().splitlines()[1:]
        return [re.split(r"\s{2,}", line.rstrip()) for line in lines]


@pytest.fixture
def shop(write_config, write_logs, tmp_path):
    write_logs()
    return Shop(write_config(), WorkDir(tmp_path / "work"))


def test_days_run_oldest_first_and_what_is_done_is_not_run_again(shop):
    assert shop.fill(1, 3) == [(1, "now", True), (2, "now", True), (3, "now", True)]
    assert shop.ran == [1, 2, 3]
    assert shop.fill(1, 3) == [(1, "earlier", True), (2, "earlier", True), (3, "earlier", True)]
    assert shop.ran == []


def test_a_backfill_that_was_stopped_goes_on_where_it_was(shop):
    shop.fill(1, 2)
    shop.fill(1, 3)
    assert shop.ran == [3]


def test_a_day_that_was_written_again_runs_with_the_days_whose_windows_have_it_and_no_others(
    shop, tmp_path, write_rows
):
    write_rows(tmp_path / "logs/impressions/2026-01-04/part.parquet", [
        {"id": "z", "time": 1_767_484_800, "user": "u", "price": 1.5}
    ])  # fmt: skip
    shop.fill(1, 4)
    again = tmp_path / "logs" / "impressions" / "2026-01-02" / "part.parquet"
    os.utime(again, ns=(0, 0))
    shop.fill(1, 4)
    assert shop.ran == [2, 3]  # a window is two days


def test_a_changed_config_runs_all_days_again(shop):
    shop.fill(1, 2)
    shop.overrides = (BY_HASH, "training.epochs=2")
    shop.fill(1, 2)
    assert shop.ran == [1, 2]


def test_a_refused_day_does_not_stop_the_others_and_is_done(shop):
    shop.outcomes = {2: "refused"}
    assert shop.fill(1, 3) == [(1, "now", True), (2, "now", False), (3, "now", True)]
    assert shop.fill(1, 3) == [(1, "earlier", True), (2, "earlier", False), (3, "earlier", True)]


def test_a_failed_day_stops_the_others_and_is_tried_again(shop):
    shop.outcomes = {2: "failed"}
    assert shop.fill(1, 3) == [(1, "now", True), (2, "now", False), (3, "never", False)]
    assert shop.ran == [1, 2]
    shop.outcomes = {}
    assert shop.fill(1, 3) == [(1, "earlier", True), (2, "now", True), (3, "now", True)]


def test_with_keep_going_a_failed_day_stops_none(shop):
    shop.outcomes = {1: "failed"}
    assert shop.fill(1, 3, keep_going=True) == [
        (1, "now", False), (2, "now", True), (3, "now", True),
    ]  # fmt: skip


def test_a_day_that_cannot_be_read_has_failed_without_a_run(shop, tmp_path):
    (tmp_path / "logs" / "impressions" / "2026-01-03" / "part.parquet").write_bytes(b"no parquet")
    assert shop.fill(2, 3, window=1) == [(2, "now", True), (3, "now", False)]
    assert shop.ran == [2]


def test_a_day_without_impressions_is_passed_over(shop):
    assert shop.fill(2, 5) == [
        (2, "now", True), (3, "now", True), (4, "never", True), (5, "never", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (3, 2, "--to 2026-01-02 lies before --from 2026-01-03: give the older date"),
        (5, 6, "there are no impressions from 2026-01-05 to 2026-01-06: give other dates"),
    ],
)
def test_dates_that_cannot_be_run_are_misuse_before_any_run(shop, first, last, said):
    with pytest.raises(Misuse, match=said):
        shop.fill(first, last)
    assert shop.ran == []


def test_a_first_day_without_enough_days_before_it_is_misuse_before_any_run(shop):
    shop.overrides = ()  # the last span is for evaluation
    with pytest.raises(Misuse, match=r"^2026-01-01 cannot be run: 1 span.*Or give a later --from$"):
        shop.fill(1, 3)
    assert shop.fill(2, 3) == [(2, "now", True), (3, "now", True)]


def test_the_table_says_what_became_of_each_day(shop):
    shop.outcomes = {2: "refused"}
    shop.fill(1, 2)
    (shop.work.serving / ".superseded").mkdir()
    (shop.work.serving / "101").rename(shop.work.serving / ".superseded" / "101")
    shop.outcomes = {3: "failed"}
    head, *rows = shop.table(1, 4)
    assert [word.strip() for word in head] == ["span", "run", "model", "version", "why"]
    assert rows == [
        ["2026-01-01", "earlier", "superseded", "101"],
        ["2026-01-02", "earlier", "refused", "2 was refused [by a gate] and 1 more"],
        ["2026-01-03", "now", "failed", "3 was failed [by a gate] and 1 more"],
        ["2026-01-04", "never", "no impressions"],
    ]
