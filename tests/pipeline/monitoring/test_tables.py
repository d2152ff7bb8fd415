"""What the terminal shows, in any width."""

import dataclasses
import re

import pytest
from rich.console import Console

from pipeline.monitoring.tables import show


@pytest.fixture
def shown_at(capsys):
    def show_at(watched, width):
        show(watched, Console(width=width, highlight=False))
        return capsys.readouterr().out

    return show_at


@pytest.fixture
def watched(serve, look, traffic, jan_1):
    """Thirty hours; the click rates of three are twice too high."""
    rows = traffic(hours=30, per_hour=300)
    drift = range(jan_1 + 25 * 3600, jan_1 + 28 * 3600)
    scores = [
        dataclasses.replace(
            row,
            ctr=row.ctr * 2.2 if row.time in drift else row.ctr,
            version=f"1790000{number % 2:03}",
        )
        for number, row in enumerate(rows)
    ]
    return look(serve(rows, scores=scores), as_of=29.5, since=0)


def test_it_shows_outputs_versions_the_last_hours_and_alerts(watched, shown_at):
    text = shown_at(watched, 100)
    assert "8,850 scores, 2026-01-01 00:00 to 2026-01-02 06:00 UTC" in text
    assert "outcomes known until 2026-01-02 05:30 UTC" in text
    assert "Served by hour, the last 24 of 30" in text
    assert text.count("\n01-01 06h") == 4  # of volumes and of each output
    assert "01-01 05h" not in text
    assert re.search(r"01-02 05h +150 +not the whole hour", text)
    assert re.search(r"\n1790000001 +\d", text)
    lines = [line for line in text.splitlines() if line.startswith("ALERT")]
    assert len(lines) == 2
    assert re.fullmatch(
        r"ALERT ctr COPC 0\.\d{3} to 0\.\d{3} in 3 hours from 2026-01-02 01:00 to "
        r"2026-01-02 04:00, less came than was predicted: the bar is 0\.8 \.\. 1\.25",
        lines[1],
    )


@pytest.mark.parametrize("width", [40, 80])
def test_no_number_is_cut_and_no_line_is_broken(watched, shown_at, width):
    text = shown_at(watched, width)
    table = [line.rstrip() for line in text.splitlines() if re.match(r"\d\d-\d\d \d\dh", line)]
    assert len(table) == 4 * 24
    assert all(len(line) <= width for line in table)
    [head] = {
        line.rstrip() for line in text.splitlines() if line.startswith("hour") and "COPC" in line
    } or [""]
    wanted = ["hour", "rows", "immature", "COPC"]
    assert [name for name in head.split() if name in wanted] == wanted
    assert "…" not in text


def test_one_hour_is_told_with_its_interval(serve, look, traffic, shown_at):
    rows = traffic(hours=1, per_hour=600)
    scores = [dataclasses.replace(row, ctr=row.ctr / 3) for row in rows]
    text = shown_at(look(serve(rows, scores=scores)), 200)
    assert re.search(
        r"ALERT ctr COPC \d\.\d{3} \(95 %: \d\.\d{3} to \d\.\d{3}\) in the hour of 2026-01-01 "
        r"00:00, more came than was predicted: the bar is 0\.8 \.\. 1\.25",
        text,
    )


def test_a_calm_period_says_so(serve, look, traffic, shown_at):
    text = shown_at(look(serve(traffic(hours=2, per_hour=100))), 80)
    assert text.rstrip().endswith("no alert")
    assert "by version" not in text


def test_an_output_of_which_nothing_is_known_yet_has_no_hours(serve, look, traffic, shown_at):
    text = shown_at(look(serve(traffic(hours=2, per_hour=100)), as_of=1.9), 80)
    assert "ctr by hour" in text
    assert "ctcvr by hour" not in text
    assert re.search(r"\nctcvr +0 +190 ", text)


def test_what_was_not_judged_is_told(serve, look, shown, jan_1, shown_at):
    row = shown("a", jan_1, 0.5, click=60)
    others = [dataclasses.replace(row, id="b"), row, dataclasses.replace(row, id=None)]
    text = shown_at(look(serve([row], scores=[row, *others])), 80)
    assert "1 more scores of the same impressions: the first counts" in text
    assert "1 scores without an impression in the logs: not judged" in text
    assert "1 rows left out: id: missing" in text
