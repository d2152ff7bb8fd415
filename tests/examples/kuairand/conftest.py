"""Three users, two videos and a log of six rows, in the published form."""

import csv
from pathlib import Path

import pytest

from examples.kuairand.convert import (
    USER_CATEGORIES,
    USER_CODES,
    USER_NUMBERS,
    VIDEO_CATEGORIES,
    VIDEO_NUMBERS,
)

MIDNIGHT = 1_650_816_000_000  # 2022-04-25 00:00 in China, 2022-04-24 16:00 UTC
DAY = 86_400_000
CATEGORIES = ("full_active", -124, 1, "[1,5)", "0", "250+", "730+")

LOG = [
    # user, video, date, time_ms, is_click, is_like, tab
    (0, 0, 20220425, MIDNIGHT + 1, 1, 1, 1),
    (0, 0, 20220425, MIDNIGHT + 1, 1, 1, 1),  # a copy
    (0, 1, 20220425, MIDNIGHT + 3_600_000, 1, 0, 1),
    (1, 0, 20220425, MIDNIGHT + DAY - 1, 0, 1, 4),  # a like without a click
    (1, 1, 20220426, MIDNIGHT + DAY - 2, 1, 1, 4),  # logged after midnight, and once before
    (1, 1, 20220425, MIDNIGHT + DAY - 2, 1, 1, 4),
    (2, 7, 20220426, MIDNIGHT + DAY + 5, 0, 0, 0),  # a video without features
]


def write_csv(path: Path, header: tuple[str, ...], rows: list) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    columns = ("user_id", "video_id", "date", "time_ms", "is_click", "is_like", "tab")
    outcomes = ("play_time_ms", "long_view")
    write_csv(
        folder / "log_standard_4_22_to_5_08_pure.csv",
        (*columns, *outcomes),
        [(*row, 999, 1) for row in LOG],
    )
    write_csv(
        folder / "user_features_pure.csv",
        ("user_id", *USER_CATEGORIES, *USER_CODES, *USER_NUMBERS),
        [
            (user, *CATEGORIES, *["1.0" if user else ""] * len(USER_CODES), 10, 20, 30, 400)
            for user in range(3)
        ],
    )
    write_csv(
        folder / "video_features_basic_pure.csv",
        ("video_id", *VIDEO_CATEGORIES, *VIDEO_NUMBERS, "music_type", "tag"),
        [
            (0, 55, "NORMAL", "Web", "2022-04-10", 9, 87_433.0, 720.0, 1280.0, 9.0, "39,68"),
            (1, 56, "AD", "Kmovie", "2022-04-09", 8, "", 960.0, 720.0, "", ""),
        ],
    )
    return folder
