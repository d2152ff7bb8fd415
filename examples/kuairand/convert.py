"""KuaiRand-Pure to three logs of impressions, clicks and conversions.

A click is `is_click`; a conversion is a like of a clicked video (`is_click` and `is_like`). The
data has one time per impression, so clicks and conversions happen at the time of their
impression: every delay in these logs is zero. Likes without a click (703 published rows) are no
conversions and are left out.

An impression is a user, a video and a time, and its id says just that. Rows that repeat stay in
the logs, under one id, for ingestion to drop.
"""

from pathlib import Path

import duckdb

from examples.kuairand.sources import LOG_COLUMNS, Sources, find_sources, read
from examples.new_folder import new_folder

USER_CATEGORIES = (
    "user_active_degree",
    "is_live_streamer",
    "is_video_author",
    "follow_user_num_range",
    "fans_user_num_range",
    "friend_user_num_range",
    "register_days_range",
)
USER_CODES = tuple(f"onehot_feat{number}" for number in range(18))
USER_NUMBERS = ("follow_user_num", "fans_user_num", "friend_user_num", "register_days")
VIDEO_CATEGORIES = ("author_id", "video_type", "upload_type", "upload_dt", "music_id")
VIDEO_NUMBERS = ("video_duration", "server_width", "server_height")

# Published as 1.0 and 0.0 where a column has gaps: an id is a whole number.
_CODE = "CAST(CAST({0} AS DOUBLE) AS BIGINT) AS {0}"
_NUMBER = "CAST({0} AS FLOAT) AS {0}"

_IMPRESSIONS = """
    CREATE TABLE impressions AS
    SELECT concat_ws('-', user_id, video_id, time_ms) AS impression_id, time_ms,
           user_id, video_id, tab,
           -- The hour in China (UTC+8, no summer time), where the users are.
           (time_ms // 3600000 + 8) % 24 AS hour,
           users.* EXCLUDE (user_id), videos.* EXCLUDE (video_id),
           is_click, is_click AND is_like AS is_conversion,
           -- Copies of an impression may carry two dates: the earlier holds them all.
           min(date) OVER (PARTITION BY user_id, video_id, time_ms) AS date
    FROM log LEFT JOIN users USING (user_id) LEFT JOIN videos USING (video_id)
"""
_LOGS = {
    "impressions": "SELECT * EXCLUDE (is_click, is_conversion, date) FROM impressions WHERE true",
    "clicks": "SELECT impression_id, time_ms FROM impressions WHERE is_click",
    "conversions": "SELECT impression_id, time_ms FROM impressions WHERE is_conversion",
}


def convert(source: Path, out: Path) -> dict[str, int]:
    """Writes `out/<log>/<date>/part-00000.parquet` for each log and each published date.

    Args:
        source: folder with the published files.
        out: folder to make; it appears only when complete.

    Returns:
        The rows of each log.

    Raises:
        FileNotFoundError: if a published file is missing.
        FileExistsError: if `out` is there and not empty.
        ValueError: if a file lacks a column or describes one user or video twice.
    """
    sources = find_sources(source)
    # One thread: the same files give the same bytes.
    with new_folder(out) as draft, duckdb.connect(config={"threads": 1}) as connection:
        _load(connection, sources)
        dates = connection.sql("SELECT DISTINCT date FROM impressions ORDER BY date").fetchall()
        for log, query in _LOGS.items():
            for (date,) in dates:
                folder = draft / log / f"{date:%Y-%m-%d}"
                folder.mkdir(parents=True)
                connection.sql(
                    f"{query} AND date = ? ORDER BY time_ms, impression_id", params=[date]
                ).write_parquet(str(folder / "part-00000.parquet"), compression="zstd")
        return {
            log: int(connection.sql(query).count("*").fetchall()[0][0])
            for log, query in _LOGS.items()
        }


def _load(connection: duckdb.DuckDBPyConnection, sources: Sources) -> None:
    """Makes the table `impressions`: one row per published row, features joined."""
    read(connection, sources.log, LOG_COLUMNS).select(
        "CAST(user_id AS BIGINT) AS user_id, CAST(video_id AS BIGINT) AS video_id, "
        "strptime(CAST(date AS VARCHAR), '%Y%m%d')::DATE AS date, "
        "CAST(time_ms AS BIGINT) AS time_ms, CAST(tab AS BIGINT) AS tab, "
        "CAST(is_click AS BIGINT) = 1 AS is_click, CAST(is_like AS BIGINT) = 1 AS is_like"
    ).create_view("log")
    user_columns = ("user_id", *USER_CATEGORIES, *USER_CODES, *USER_NUMBERS)
    read(connection, (sources.users,), user_columns).select(
        ", ".join(
            [_CODE.format("user_id"), *USER_CATEGORIES]
            + [_CODE.format(name) for name in USER_CODES]
            + [_NUMBER.format(name) for name in USER_NUMBERS]
        )
    ).create_view("users")
    video_columns = ("video_id", *VIDEO_CATEGORIES, *VIDEO_NUMBERS, "music_type", "tag")
    read(connection, (sources.videos,), video_columns).select(
        ", ".join(
            [_CODE.format("video_id"), *VIDEO_CATEGORIES, _CODE.format("music_type")]
            + [_NUMBER.format(name) for name in VIDEO_NUMBERS]
            + ["split_part(tag, ',', 1) AS tag", "string_split(tag, ',') AS tags"]
        )
    ).create_view("videos")
    for view, key in (("users", "user_id"), ("videos", "video_id")):
        _check_unique(connection, view, key)
    connection.execute(_IMPRESSIONS)


def _check_unique(connection: duckdb.DuckDBPyConnection, view: str, key: str) -> None:
    found = connection.sql(
        f"SELECT {key} FROM {view} GROUP BY {key} HAVING count(*) > 1 ORDER BY {key} LIMIT 1"
    ).fetchone()
    if found:
        raise ValueError(
            f"the features of {view} must have one row per {key}, or joining them multiplies "
            f"impressions. Received: {key} {found[0]} more than once"
        )
