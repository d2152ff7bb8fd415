import collections
import csv
import datetime
import hashlib
import json
import pathlib

import numpy as np
import pyarrow.parquet as pq
import pytest

from simulation.simulate import Settings, simulate
from simulation.traffic import plan

# Few users and a high click rate, so that histories grow long in a small simulation.
SETTINGS = Settings(20_000, 3, 11, click_rate=0.2, conversion_rate=0.15, users=150, items=80)
DAYS = ["2026-01-01", "2026-01-02", "2026-01-03"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    out = tmp_path_factory.mktemp("simulation") / "shop"
    calls = []
    summary = simulate(out, SETTINGS, lambda *progress: calls.append(progress))
    return out, summary, calls


def rows(out, log):
    paths = sorted((out / log).glob("*/*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def first_clicks(out):
    found = {}
    for click in rows(out, "clicks"):
        time = found.setdefault(click["impression_id"], click["timestamp"])
        found[click["impression_id"]] = min(time, click["timestamp"])
    return found


def hashes(out):
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_equal_settings_write_equal_bytes_and_another_seed_writes_others(tmp_path, format):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate(tmp_path / name, Settings(2_000, 2, seed, format=format))
    a, b, c = (hashes(tmp_path / name) for name in "abc")
    assert a == b
    impressions = f"impressions/2026-01-01/part-00000.{format}"
    assert a[impressions] != c[impressions]


def test_the_summary_counts_what_is_in_the_files(shop):
    out, summary, _ = shop
    impressions, clicks = rows(out, "impressions"), rows(out, "clicks")
    ids = {row["impression_id"] for row in impressions}
    clicked = {row["impression_id"] for row in clicks}
    assert summary.impressions == len(ids) == SETTINGS.impressions
    assert summary.duplicated_impressions == len(impressions) - len(ids) > 0
    assert summary.clicks == len(clicked)
    assert summary.repeated_clicks == len(clicks) - len(clicked) > 0
    assert summary.conversions == len(rows(out, "conversions")) > 0
    assert summary.paths == {
        log: out / log for log in ("impressions", "clicks", "conversions", "truth")
    }


def test_progress_grows_to_the_whole(shop):
    _, _, calls = shop
    done = [part for part, _ in calls]
    assert len(calls) == 24 and done == sorted(done)
    assert calls[-1] == (20_000, 20_000)


def test_duplicated_impressions_are_the_same_row_twice(shop):
    found = collections.defaultdict(list)
    for row in rows(shop[0], "impressions"):
        found[row["impression_id"]].append(row)
    assert all(copies in ([copies[0]], [copies[0]] * 2) for copies in found.values())


def test_shares_of_clicks_and_conversions_are_those_of_the_truth(shop):
    out, summary, _ = shop
    truth = {row["impression_id"]: row for row in rows(out, "truth")}
    assert len(truth) == summary.impressions
    click = np.array([row["p_click"] for row in truth.values()])
    conversion = np.array([truth[id]["p_conversion"] for id in first_clicks(out)])
    for count, probability in ((summary.clicks, click), (summary.conversions, conversion)):
        deviation = (probability * (1 - probability)).sum() ** 0.5
        assert abs(count - probability.sum()) < 4 * deviation


def test_shares_of_clicks_and_conversions_are_those_of_the_settings(tmp_path):
    summary = simulate(tmp_path / "out", Settings(100_000, 2, 3))
    # Four standard deviations of chance, and what the sample of the calibration adds.
    assert summary.clicks / summary.impressions == pytest.approx(0.08, rel=0.05)
    deviation = (summary.clicks * 0.08 * 0.92) ** 0.5
    assert abs(summary.conversions - 0.08 * summary.clicks) < 4 * deviation


def test_the_truth_is_a_probability_and_ranks_clicked_impressions_higher(shop):
    out, _, _ = shop
    clicked = first_clicks(out)
    means = {True: [], False: []}
    for row in rows(out, "truth"):
        assert 0 < row["p_click"] < 1 and 0 < row["p_conversion"] < 1
        means[row["impression_id"] in clicked].append(row["p_click"])
    assert np.mean(means[True]) > 1.3 * np.mean(means[False])


def test_no_log_holds_a_truth(shop):
    out, _, _ = shop
    columns = {
        log: {tuple(pq.read_schema(path).names) for path in (out / log).rglob("*.parquet")}
        for log in ("impressions", "clicks", "conversions")
    }
    assert columns["clicks"] == {("impression_id", "timestamp")}
    assert columns["conversions"] == {("impression_id", "timestamp", "value")}
    assert columns["impressions"] == {
        (
            *("impression_id", "timestamp", "request_id", "user_id", "item_id", "category"),
            *(
                "brand",
                "device",
                "hour",
                "position",
                "price",
                "user_age",
                "user_segment",
                "item_age_days",
                "history",
            ),
        )
    }


def test_every_click_follows_its_impression_within_an_hour(shop):
    out, _, _ = shop
    shown = {row["impression_id"]: row["timestamp"] for row in rows(out, "impressions")}
    for click in rows(out, "clicks"):
        assert 0 < click["timestamp"] - shown[click["impression_id"]] < 3_600


def test_every_conversion_follows_its_click_within_three_days_and_costs_the_price(shop):
    out, _, _ = shop
    clicked = first_clicks(out)
    prices = {row["impression_id"]: row["price"] for row in rows(out, "impressions")}
    for conversion in rows(out, "conversions"):
        delay = conversion["timestamp"] - clicked[conversion["impression_id"]]
        assert 60 <= delay < 3 * 86_400
        assert conversion["value"] == prices[conversion["impression_id"]]


def test_a_history_is_the_users_last_twenty_clicks_before_the_chunk_began(shop):
    out, _, _ = shop
    impressions = {row["impression_id"]: row for row in rows(out, "impressions")}
    clicks = collections.defaultdict(list)
    for id, time in sorted(first_clicks(out).items(), key=lambda click: (click[1], click[0])):
        clicks[impressions[id]["user_id"]].append((time, impressions[id]["item_id"]))
    lengths = set()
    for chunk in plan(SETTINGS):
        for number in range(chunk.first, chunk.first + chunk.rows):
            row = impressions[f"i{number:010d}"]
            assert chunk.begin <= row["timestamp"]
            earlier = [item for time, item in clicks[row["user_id"]] if time < chunk.begin]
            assert row["history"] == earlier[::-1][:20]
            lengths.add(len(row["history"]))
    assert lengths == set(range(21))


def test_events_lie_in_the_directory_of_their_own_day(shop):
    out, _, _ = shop
    for log in ("impressions", "clicks", "conversions"):
        for path in (out / log).glob("*/part-00000.parquet"):
            for time in pq.read_table(path).column("timestamp").to_pylist():
                day = datetime.datetime.fromtimestamp(time, datetime.UTC).date()
                assert day.isoformat() == path.parent.name


def test_every_impression_day_has_all_logs_and_conversions_come_in_for_days_after(shop):
    out, _, _ = shop
    found = {log.name: sorted(day.name for day in log.iterdir()) for log in out.iterdir()}
    assert set(found) == {"impressions", "clicks", "conversions", "truth"}
    assert found["impressions"] == found["truth"] == DAYS
    assert found["clicks"][:3] == found["conversions"][:3] == DAYS
    assert found["clicks"][3:] in ([], ["2026-01-04"])
    assert found["conversions"][3:6] == ["2026-01-04", "2026-01-05", "2026-01-06"]


def test_days_without_events_have_empty_logs(tmp_path):
    settings = Settings(3, 3, 0, click_rate=1e-9)
    summary = simulate(tmp_path / "out", settings)
    assert (summary.impressions, summary.clicks, summary.conversions) == (3, 0, 0)
    for log, count in (("impressions", 1), ("clicks", 0), ("conversions", 0), ("truth", 1)):
        found = {
            path.parent.name: pq.read_table(path).num_rows
            for path in (tmp_path / "out" / log).glob("*/part-00000.parquet")
        }
        assert found == dict.fromkeys(DAYS, count)


def test_three_formats_hold_the_same_rows(tmp_path):
    for format in ("parquet", "csv", "jsonl"):
        simulate(tmp_path / format, Settings(3_000, 2, 4, format=format, users=50))
    for log in ("impressions", "clicks", "conversions"):
        expected = rows(tmp_path / "parquet", log)
        assert read_jsonl(tmp_path / "jsonl" / log) == expected
        assert read_csv(tmp_path / "csv" / log) == [as_text(row) for row in expected]
    truths = [rows(tmp_path / format, "truth") for format in ("parquet", "csv", "jsonl")]
    assert truths[0] == truths[1] == truths[2]


def read_jsonl(log):
    lines = [line for path in sorted(log.glob("*/*.jsonl")) for line in path.open()]
    return [json.loads(line) for line in lines]


def read_csv(log):
    return [
        {name: number(text) for name, text in row.items()}
        for path in sorted(log.glob("*/*.csv"))
        for row in csv.DictReader(path.open(newline=""))
    ]


def as_text(row):
    """A row as CSV can say it: a list joined by bars, nothing for a missing value."""
    texts = {name: "|".join(v) if isinstance(v, list) else v for name, v in row.items()}
    return {name: number("" if v is None else str(v)) for name, v in texts.items()}


def number(text):
    try:
        return float(text)
    except ValueError:
        return text


def test_a_directory_with_something_in_it_is_refused_and_kept(tmp_path):
    (tmp_path / "precious").write_text("x")
    with pytest.raises(FileExistsError, match="a new or an empty directory"):
        simulate(tmp_path, Settings(10, 1, 0))
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_the_paths_of_the_summary_are_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    summary = simulate(pathlib.Path("."), Settings(10, 1, 0))
    assert summary.paths["clicks"] == tmp_path / "clicks"
    assert (tmp_path / "clicks" / "2026-01-01" / "part-00000.parquet").exists()


def test_a_simulation_that_is_stopped_leaves_nothing_behind(tmp_path):
    def stop(done, total):
        if done > 1_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "out", Settings(2_000, 2, 0), stop)
    assert list(tmp_path.iterdir()) == []
