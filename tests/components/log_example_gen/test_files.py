import datetime
import os
import pathlib
import subprocess
import sys

import pytest

from components.log_example_gen import files
from schemas.logs import Attribution, Logs

MAY_1, MAY_2, MAY_3 = (datetime.date(2024, 5, day) for day in (1, 2, 3))
WINDOWS = Attribution(click_window="1h", conversion_window="1d")


def logs(root, **paths):
    clock = {"id": "id", "time": {"column": "time"}}
    return Logs.model_validate(
        {"root": str(root), **{log: {"path": path, **clock} for log, path in paths.items()}}
    )


def touch(root, *paths):
    for path in paths:
        file = pathlib.Path(root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)


def names(found, root):
    return [(s.log, s.span.day, os.path.relpath(s.path, root), s.later) for s in found]


def test_events_are_read_as_far_as_the_windows_reach(tmp_path):
    touch(tmp_path, *(f"{log}/2024-05-0{day}.csv" for log in "ic" for day in range(1, 6)))
    given = logs(tmp_path, impressions="i/{SPAN}.csv", clicks="c/{SPAN}.csv")
    assert names(files.sources(given, [MAY_1], WINDOWS), tmp_path) == [
        ("clicks", 1, "c/2024-05-01.csv", False),
        ("clicks", 2, "c/2024-05-02.csv", True),
        ("clicks", 3, "c/2024-05-03.csv", True),
        ("impressions", 1, "i/2024-05-01.csv", False),
    ]


def test_a_window_of_whole_days_reaches_as_many_days(tmp_path):
    touch(tmp_path, "i/2024-05-01.csv", *(f"c/2024-05-0{day}.csv" for day in range(1, 6)))
    given = logs(tmp_path, impressions="i/{SPAN}.csv", clicks="c/{SPAN}.csv")
    windows = Attribution(click_window="1d", conversion_window="2d")
    found = files.sources(given, [MAY_1], windows)
    assert [source.span.day for source in found if source.log == "clicks"] == [1, 2, 3, 4]


def test_a_day_between_two_spans_is_read_once_and_is_later(tmp_path):
    touch(tmp_path, *(f"{log}/2024-05-0{day}.csv" for log in "ic" for day in (1, 2, 3)))
    given = logs(tmp_path, impressions="i/{SPAN}.csv", clicks="c/{SPAN}.csv")
    found = files.sources(given, [MAY_1, MAY_3], WINDOWS)
    clicks = [(s.span.day, s.later) for s in found if s.log == "clicks"]
    assert clicks == [(1, False), (2, True), (3, False)]


def test_markers_folders_and_hidden_files_are_no_logs(tmp_path):
    touch(tmp_path, "i/2024-05-01/a.csv", "i/2024-05-01/_SUCCESS", "i/2024-05-01/.a.crc")
    touch(tmp_path, "i/2024-05-01/folder/b.csv")
    given = logs(tmp_path, impressions="i/{SPAN}/*")
    found = files.sources(given, [MAY_1], WINDOWS)
    assert names(found, tmp_path) == [("impressions", 1, "i/2024-05-01/a.csv", False)]


def test_brackets_in_the_root_are_only_brackets(tmp_path):
    root = tmp_path / "run[1]"
    touch(root, "i/2024-05-01/a.csv")
    given = logs(root, impressions="i/{SPAN}/*.csv")
    assert len(files.sources(given, [MAY_1], WINDOWS)) == 1
    assert files.find_spans(given) == [MAY_1]


def test_a_span_without_impressions_says_which_exist(tmp_path):
    touch(tmp_path, "i/2024-05-01/a.csv", "i/2024-05-02/a.csv")
    given = logs(tmp_path, impressions="i/{SPAN}/*.csv")
    message = "no file matches .*i/2024-05-03.*span 2024-05-03.*exist from 2024-05-01 to 2024-05-02"
    with pytest.raises(ValueError, match=message):
        files.sources(given, [MAY_2, MAY_3], WINDOWS)


def test_a_day_without_clicks_is_a_day_without_clicks(tmp_path):
    touch(tmp_path, "i/2024-05-01.csv", "i/2024-05-02.csv", "c/2024-05-02.csv")
    given = logs(tmp_path, impressions="i/{SPAN}.csv", clicks="c/{SPAN}.csv")
    assert len(files.sources(given, [MAY_1, MAY_2], WINDOWS)) == 3


def test_no_click_file_at_all_is_an_error(tmp_path):
    touch(tmp_path, "i/2024-05-01.csv")
    given = logs(tmp_path, impressions="i/{SPAN}.csv", clicks="c/{SPAN}.csv")
    with pytest.raises(ValueError, match=r"no file matches .*c/2024-05-01.csv', the clicks of"):
        files.sources(given, [MAY_1], WINDOWS)


def test_spans_are_the_days_with_impressions(tmp_path):
    touch(tmp_path, "x/2024-05-02/2024-05-02.csv", "y/2024-05-01/2024-05-01.csv")
    touch(tmp_path, "x/2024-02-31/2024-02-31.csv", "x/2024-05-03/2024-05-09.csv")
    given = logs(tmp_path, impressions="[!z]/{SPAN}/{SPAN}.c?v")
    assert files.find_spans(given) == [MAY_1, MAY_2]


def test_spans_are_found_below_any_number_of_folders(tmp_path):
    touch(tmp_path, "i/2024-05-01/a/b/c.csv", "i/2024-05-02/c.csv")
    assert files.find_spans(logs(tmp_path, impressions="i/{SPAN}/**/*.csv")) == [MAY_1, MAY_2]
    assert files.find_spans(logs("/nowhere", impressions=f"{tmp_path}/i/{{SPAN}}/*.csv")) == [MAY_2]


def test_there_may_be_no_span(tmp_path):
    given = logs(tmp_path, impressions="i/{SPAN}.csv")
    assert files.find_spans(given) == []
    with pytest.raises(ValueError, match="no impressions exist"):
        files.sources(given, [MAY_1], WINDOWS)


def test_a_fingerprint_changes_with_any_file_that_is_read(tmp_path):
    touch(tmp_path, *(f"{log}/2024-05-0{day}.csv" for log in "ic" for day in range(1, 5)))
    given = logs(tmp_path, impressions="i/{SPAN}.csv", clicks="c/{SPAN}.csv")
    before = files.fingerprint(given, [MAY_1], WINDOWS)
    assert files.fingerprint(given, [MAY_1], WINDOWS) == before

    os.utime(tmp_path / "c/2024-05-04.csv", ns=(1, 1))  # beyond the windows
    os.utime(tmp_path / "i/2024-05-02.csv", ns=(1, 1))  # not asked for
    assert files.fingerprint(given, [MAY_1], WINDOWS) == before

    os.utime(tmp_path / "c/2024-05-03.csv", ns=(1, 1))
    touched = files.fingerprint(given, [MAY_1], WINDOWS)
    touch(tmp_path, "c/2024-05-02.csv.later")
    assert files.fingerprint(given, [MAY_1], WINDOWS) == touched != before


def test_paths_with_a_scheme_are_found_through_beam(tmp_path):
    touch(tmp_path, "i/2024-05-01/a.csv")
    given = logs("beamtest://", impressions="i/{SPAN}/*.csv")
    with pytest.raises(ValueError, match="Unable to get filesystem"):
        files.find_spans(given)  # Beam was asked, and knows no such scheme
    metadata = list(files._stat_remote(f"{tmp_path}/i/*/*.csv"))
    modified = int((tmp_path / "i/2024-05-01/a.csv").stat().st_mtime * 1_000_000)
    assert metadata == [(f"{tmp_path}/i/2024-05-01/a.csv", 18, modified)]


def test_finding_spans_imports_neither_beam_nor_tfx():
    code = (
        "import sys, components.log_example_gen.files; "
        "print(sorted({'apache_beam', 'tfx', 'tensorflow', 'pyarrow'} & sys.modules.keys()))"
    )
    root = pathlib.Path(files.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
