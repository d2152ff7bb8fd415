"""Days arrive in every order; the moment and the runs are arguments, so that nobody waits."""

import datetime
import os

import pytest

from pipeline.config_file import load_config
from pipeline.day_record import DayRecord
from pipeline.errors import Misuse
from pipeline.watch_spans import Look, Seen, look, read_seen, watch
from pipeline.work_dir import WorkDir

LOGS = ("impressions", "clicks", "conversions")
NOW = datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)


def day(number):
    return datetime.date(2026, 1, number)


class Stop(Exception):
    """Ends a watch."""


class Shop:
    """Logs that grow day by day, and a watch over them."""

    def __init__(self, path, root, work):
        self.path, self.root, self.work = path, root, work
        self.overrides = ["split={by: hash, key: user, eval: 50%}"]
        self.ran, self.said, self.outcomes, self.clock = [], [], [], 0

    def write(self, number, logs=LOGS, complete=True):
        for log in logs:
            folder = self.root / log / str(day(number))
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "part.parquet").write_bytes(b"")
            if complete:
                self.mark(number, log)

    def mark(self, number, log):
        self.clock += 1
        marker = self.root / log / str(day(number)) / "_SUCCESS"
        marker.touch()
        os.utime(marker, ns=(self.clock * 10**9,) * 2)

    def look(self, seen=None, now=NOW):
        return look(load_config(self.path, self.overrides), None, seen, now)

    def run_day(self, span):
        self.ran.append(span.day)
        outcome = self.outcomes.pop(0) if self.outcomes else "pushed"
        return DayRecord(span=span, run="r", made_from="m", outcome=outcome)

    def watch(self, *polls):
        """Watches until all `polls`, which are called one a poll, are over."""
        left = list(polls)

        def wait():
            if not left:
                raise Stop
            left.pop(0)()

        self.ran.clear()
        self.said.clear()
        with pytest.raises(Stop):
            watch(self.look, self.work, self.run_day, wait, self.said.append)
        return self.ran


@pytest.fixture
def shop(write_config, tmp_path):
    return Shop(write_config(), tmp_path / "logs", WorkDir(tmp_path / "work"))


def nothing():
    pass


def test_nothing_is_due_before_each_log_of_a_day_is_complete(shop):
    marker = "waiting for a day with a file _SUCCESS in the folder of each log"
    assert shop.look() == Look(None, marker)
    shop.write(1, complete=False)
    assert shop.look() == Look(None, marker)
    shop.mark(1, "impressions")
    shop.mark(1, "clicks")
    assert shop.look() == Look(None, "waiting for _SUCCESS of conversions of 2026-01-01")
    shop.mark(1, "conversions")
    assert shop.look().due.span == day(1)


def test_what_was_run_is_not_due_again_and_the_next_day_is_waited_for(shop):
    shop.write(1)
    seen = shop.look().due
    assert shop.look(seen) == Look(None, "2026-01-01 is done: waiting for the next day")
    shop.write(2, logs=("impressions",))
    assert shop.look(seen).waiting == ("waiting for _SUCCESS of clicks, conversions of 2026-01-02")
    shop.write(2)
    assert shop.look(seen).due.span == day(2)


def test_of_several_days_that_were_missed_the_newest_is_run(shop):
    shop.write(1)
    seen = shop.look().due
    for number in (2, 3, 4):
        shop.write(number)
    assert shop.look(seen).due.span == day(4)


def test_under_a_warm_start_every_day_that_was_missed_is_run_oldest_first(shop):
    shop.overrides.append("training.warm_start=true")
    shop.write(1)
    assert shop.watch() == [1]
    for number in (2, 3, 4):
        shop.write(number)
    assert shop.watch() == [2, 3, 4]


def test_a_first_watch_runs_the_newest_day_only(shop):
    shop.overrides.append("training.warm_start=true")
    shop.write(1)
    shop.write(2)
    assert shop.watch() == [2]


def test_a_day_of_the_window_that_is_still_being_written_is_waited_for(shop):
    shop.write(1)
    seen = shop.look().due
    shop.write(2, complete=False)
    shop.write(3)
    assert shop.look(seen) == Look(
        None, "2026-01-03 waits for _SUCCESS of impressions, clicks, conversions of 2026-01-02"
    )
    shop.write(2)
    assert shop.look(seen).due.span == day(3)


def test_a_day_that_comes_after_a_later_one_is_learnt_from_by_the_run_whose_window_has_it(shop):
    shop.write(1)
    shop.write(3)
    seen = shop.look().due
    assert seen.span == day(3)
    shop.write(2)  # the window of the 3rd is now the 2nd and the 3rd
    again = shop.look(seen).due
    assert again.span == day(3) and again.key != seen.key


def test_a_day_that_is_written_again_is_run_again_only_where_the_window_has_it(shop):
    for number in (1, 2, 3):
        shop.write(number)
    seen = shop.look().due
    shop.mark(1, "clicks")  # beyond the window of the 3rd
    assert shop.look(seen).due is None
    shop.mark(2, "clicks")
    assert shop.look(seen).due.span == day(3)


def test_an_older_day_is_never_run_after_a_newer_one(shop):
    shop.write(2)
    seen = shop.look().due
    (shop.root / "clicks" / "2026-01-02" / "_SUCCESS").unlink()
    shop.write(1)
    assert shop.look(seen).due is None


def test_a_day_that_has_not_begun_is_not_run(shop):
    shop.write(1)
    shop.write(2)
    found = shop.look(now=datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC))
    assert found.due.span == day(1)


def test_a_changed_config_runs_the_newest_day_again(shop):
    shop.write(1)
    seen = shop.look().due
    shop.overrides.append("training.epochs=2")
    assert shop.look(seen).due.span == day(1)


def test_days_without_folders_of_their_own_are_misuse(shop):
    shop.overrides.append("logs.clicks.path='clicks/{SPAN}.parquet'")
    with pytest.raises(Misuse, match="the path of clicks names no folder"):
        shop.look()


def test_a_day_too_few_to_train_on_is_told(shop):
    shop.overrides.clear()  # the last span is for evaluation
    shop.write(1)
    assert shop.look().waiting.startswith("2026-01-01 cannot be run: 1 span(s) up to 2026-01-01")


def test_days_are_run_as_they_come_and_what_is_waited_for_is_said_once(shop):
    assert shop.watch(
        lambda: shop.write(1), nothing, nothing, lambda: shop.write(2), nothing
    ) == [1, 2]  # fmt: skip
    assert shop.said == [
        "waiting for a day with a file _SUCCESS in the folder of each log",
        "2026-01-01 is done: waiting for the next day",
        "2026-01-02 is done: waiting for the next day",
    ]


def test_a_restart_runs_nothing_twice(shop):
    shop.write(1)
    assert shop.watch() == [1]
    assert read_seen(shop.work).span == day(1)
    assert shop.watch(nothing) == []


def test_a_state_that_cannot_be_read_is_as_none(shop):
    shop.write(1)
    shop.work.root.mkdir()
    shop.work.watched.write_text('{"span": "2026-01-01"}')
    assert read_seen(shop.work) is None
    assert shop.watch() == [1]


def test_a_refused_day_is_not_tried_again_until_something_changes(shop):
    shop.write(1)
    shop.outcomes = ["refused"]
    assert shop.watch(*[nothing] * 9) == [1]
    shop.outcomes = ["refused"]
    assert shop.watch(nothing, lambda: shop.mark(1, "clicks"), nothing) == [1]


def test_a_failed_day_is_tried_again_ever_more_rarely(shop):
    shop.look = lambda seen: Look(Seen(span=day(1), key="k"), "")
    tries = []
    shop.outcomes = ["failed"] * 99

    def count():
        tries.append(len(shop.ran))

    shop.watch(*[count] * 300)
    first = [tries.index(number) for number in range(1, 11)]
    # After 1, 2, 4, ... polls, and at last every 64.
    assert first == [0, 1, 3, 7, 15, 31, 63, 127, 191, 255]
    assert shop.said == [
        f"2026-01-01 is run again after {polls} poll(s), or if its days change"
        for polls in (1, 2, 4, 8, 16, 32, 64, 64, 64, 64)
    ]


def test_a_failed_day_is_tried_at_once_when_something_changed(shop):
    shop.write(1)
    shop.outcomes = ["failed"] * 4
    assert shop.watch(
        nothing, nothing, nothing, nothing, lambda: shop.mark(1, "clicks"), nothing
    ) == [1] * 5  # fmt: skip


def test_a_failed_day_gives_way_to_the_next(shop):
    shop.write(1)
    shop.outcomes = ["failed"]
    assert shop.watch(lambda: shop.write(2)) == [1, 2]


def test_a_config_that_is_broken_for_a_while_is_told_and_waited_for(shop):
    shop.write(1)
    text = shop.path.read_text()
    shop.path.write_text(text.replace("units:", "unitz:"))
    assert shop.watch(nothing, lambda: shop.path.write_text(text)) == [1]
    assert len(shop.said) == 2
    assert shop.said[0].startswith("cannot look: ") and "unitz" in shop.said[0]


def test_a_seen_day_survives_its_own_text():
    seen = Seen(span=day(1), key="k")
    assert Seen.model_validate_json(seen.model_dump_json()) == seen
