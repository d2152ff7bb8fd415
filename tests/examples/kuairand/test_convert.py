"""KuaiRand-Pure becomes three logs."""

import csv
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from examples.kuairand.convert import convert

OUTCOMES = {
    *("play_time_ms", "watch_ratio", "finish", "like", "long_watch", "is_positive", "is_like"),
    *("profile_stay_time", "comment_stay_time", "is_profile_enter", "is_click", "long_view"),
    *("is_follow", "is_comment", "is_forward", "is_hate", "is_conversion"),
}


def rows(out: Path, log: str, date: str) -> list[dict]:
    return pq.read_table(out / log / date / "part-00000.parquet").to_pylist()


def ids(out: Path, log: str, date: str) -> list[str]:
    return [row["impression_id"] for row in rows(out, log, date)]


@pytest.fixture
def out(source, tmp_path) -> Path:
    convert(source, tmp_path / "out")
    return tmp_path / "out"


def test_it_says_how_many_rows_each_log_has(source, tmp_path):
    assert convert(source, tmp_path / "out") == {
        "impressions": 7,
        "clicks": 5,
        "conversions": 4,
    }


def test_an_id_says_user_video_and_time_and_copies_share_it(out):
    assert ids(out, "impressions", "2022-04-25") == [
        "0-0-1650816000001",
        "0-0-1650816000001",
        "0-1-1650819600000",
        "1-1-1650902399998",
        "1-1-1650902399998",
        "1-0-1650902399999",
    ]


def test_copies_with_two_dates_lie_under_the_earlier(out):
    assert ids(out, "impressions", "2022-04-26") == ["2-7-1650902400005"]


def test_a_like_without_a_click_is_no_conversion(out):
    assert ids(out, "conversions", "2022-04-25") == [
        *("0-0-1650816000001", "0-0-1650816000001"),
        *("1-1-1650902399998", "1-1-1650902399998"),
    ]


def test_clicks_happen_at_the_time_of_their_impression(out):
    assert rows(out, "clicks", "2022-04-25")[2] == {
        "impression_id": "0-1-1650819600000",
        "time_ms": 1_650_819_600_000,
    }


def test_a_day_without_clicks_is_an_empty_file_with_columns(out):
    table = pq.read_table(out / "clicks" / "2022-04-26" / "part-00000.parquet")
    assert (table.num_rows, table.column_names) == (0, ["impression_id", "time_ms"])


def test_features_of_user_video_and_moment_are_joined(out):
    row = rows(out, "impressions", "2022-04-25")[0]
    expected = {"user_active_degree": "full_active", "is_live_streamer": "-124", "hour": 0}
    expected |= {"register_days": 400.0, "onehot_feat4": None, "author_id": "55", "tab": 1}
    expected |= {"video_duration": 87_433.0, "music_type": 9, "tag": "39", "tags": ["39", "68"]}
    assert {name: row[name] for name in expected} == expected


def test_codes_published_as_floats_are_whole_numbers(out):
    assert rows(out, "impressions", "2022-04-26")[0]["onehot_feat4"] == 1


def test_a_video_without_tag_or_features_has_none(out):
    untagged = rows(out, "impressions", "2022-04-25")[2]
    unknown = rows(out, "impressions", "2022-04-26")[0]
    assert (untagged["tag"], untagged["tags"], untagged["video_duration"]) == (None, None, None)
    assert (unknown["video_id"], unknown["author_id"], unknown["tags"]) == (7, None, None)


def test_hours_are_those_of_china(out):
    assert [row["hour"] for row in rows(out, "impressions", "2022-04-25")] == [0, 0, 1, 23, 23, 23]


def test_outcomes_are_no_features(out):
    assert not OUTCOMES & set(rows(out, "impressions", "2022-04-25")[0])


def test_the_same_files_give_the_same_bytes(source, out, tmp_path):
    convert(source, tmp_path / "again")
    files = sorted(path.relative_to(out) for path in out.rglob("*.parquet"))
    assert len(files) == 6
    for file in files:
        assert (out / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_a_user_described_twice_is_refused_and_nothing_is_written(source, tmp_path):
    with (source / "user_features_pure.csv").open(newline="") as file:
        table = list(csv.reader(file))
    with (source / "user_features_pure.csv").open("a", newline="") as file:
        csv.writer(file).writerow(table[2])
    with pytest.raises(
        ValueError, match=r"one row per user_id.*Received: user_id 1 more than once"
    ):
        convert(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_the_published_files_give_14_days_and_222444_impressions(kuairand_logs):
    count = "SELECT count(*), count(DISTINCT impression_id) FROM read_parquet(?)"
    found = {
        log: duckdb.execute(count, [f"{kuairand_logs}/{log}/*/*.parquet"]).fetchone()
        for log in ("impressions", "clicks", "conversions")
    }
    assert found == {
        "impressions": (228_329, 222_444),
        "clicks": (100_900, 100_008),
        "conversions": (3_212, 3_181),
    }
    days = sorted(path.name for path in (kuairand_logs / "impressions").iterdir())
    assert (len(days), days[0], days[-1]) == (14, "2022-04-25", "2022-05-08")


def test_no_published_impression_lies_under_two_days(kuairand_logs):
    found = duckdb.execute(
        "SELECT count(*) FROM (SELECT impression_id FROM read_parquet(?, filename = true) "
        "GROUP BY impression_id HAVING count(DISTINCT filename) > 1)",
        [f"{kuairand_logs}/impressions/*/*.parquet"],
    ).fetchone()
    assert found == (0,)
