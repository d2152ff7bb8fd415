import collections
import datetime
import itertools
import os
import pathlib
import subprocess
import sys

import hypothesis
import hypothesis.strategies as st
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
    return [(s.log, s.span.day, os.path.relpath(s.path, root)) for s in found]


@pytest.fixture
def days_read(tmp_path):
    """Says which days of each log are read for spans, by the rules of attribution."""
    every = [MAY_1 + datetime.timedelta(days=day) for day in range(-5, 20)]
    touch(tmp_path, *(f"{log}/{day}.csv" for log in "icv" for day in every))
    given = logs(
        tmp_path, impressions="i/{SPAN}.csv", clicks="c/{SPAN}.csv", conversions="v/{SPAN}.csv"
    )

    def read(spans, **rules):
        found = collections.defaultdict(list)
        for source in files.sources(given, spans, Attribution.model_validate(rules)):
            found[source.log].append((source.span - MAY_1).days + 1)
        return dict(found)

    return read


def test_each_log_is_read_as_far_as_its_events_may_count(days_read):
    assert days_read([MAY_1], click_window="1h", conversion_window="1d") == {
        "impressions": [1],
        "clicks": [1, 2],  # until an hour after midnight
        "conversions": [1, 2, 3],  # until a day and an hour after it
    }


def test_a_window_of_whole_days_reaches_as_many_days(days_read):
    assert days_read([MAY_1], click_window="1d", conversion_window="2d") == {
        "impressions": [1],
        "clicks": [1, 2],
        "conversions": [1, 2, 3, 4],
    }


def test_a_window_of_no_time_reaches_no_other_day(days_read):
    assert days_read([MAY_1], click_window="0s", conversion_window="0s") == {
        "impressions": [1],
        "clicks": [1],
        "conversions": [1],
    }


def test_conversions_are_read_as_far_as_they_may_follow_a_view(days_read):
    rules = {"click_window": "1h", "conversion_window": "1h", "view_through": {"window": "3d"}}
    assert days_read([MAY_1], **rules) == {
        "impressions": [1],
        "clicks": [1, 2],
        "conversions": [1, 2, 3, 4],
    }


def test_a_tolerance_reads_events_of_the_day_before_too(days_read):
    rules = {"click_window": "1h", "conversion_window": "1h", "tolerance": "30s"}
    assert days_read([MAY_2], **rules) == {
        "impressions": [2],
        "clicks": [1, 2, 3],
        "conversions": [1, 2, 3],
    }


def test_a_conversion_may_seem_earlier_than_a_click_that_seems_earlier_than_its_impression(
    days_read,
):
    rules = {"click_window": "0s", "conversion_window": "0s", "tolerance": "18h"}
    assert days_read([MAY_3], **rules) == {
        "impressions": [3],
        "clicks": [2, 3],
        "conversions": [1, 2, 3],
    }


def test_a_day_that_two_spans_need_is_read_once(days_read):
    rules = {"click_window": "1h", "conversion_window": "1d", "tolerance": "1s"}
    assert days_read([MAY_3, MAY_1], **rules) == {
        "impressions": [1, 3],
        "clicks": [0, 1, 2, 3, 4],
        "conversions": [0, 1, 2, 3, 4, 5],
    }


def test_sources_stand_in_the_order_of_log_day_and_name(tmp_path):
    touch(tmp_path, "i/2024-05-02/a.csv", "i/2024-05-01/b.csv", "i/2024-05-01/a.csv")
    touch(tmp_path, "c/2024-05-01/z.csv")
    given = logs(tmp_path, impressions="i/{SPAN}/*.csv", clicks="c/{SPAN}/*.csv")
    found = files.sources(given, [MAY_2, MAY_1], WINDOWS)
    assert names(found, tmp_path) == [
        ("clicks", 1, "c/2024-05-01/z.csv"),
        ("impressions", 1, "i/2024-05-01/a.csv"),
        ("impressions", 1, "i/2024-05-01/b.csv"),
        ("impressions", 2, "i/2024-05-02/a.csv"),
    ]
    stat = (tmp_path / "c/2024-05-01/z.csv").stat()
    assert (found[0].size, found[0].modified) == (18, stat.st_mtime_ns)


def test_markers_folders_and_hidden_files_are_no_logs(tmp_path):
    touch(tmp_path, "i/2024-05-01/a.csv", "i/2024-05-01/_SUCCESS", "i/2024-05-01/.a.crc")
    touch(tmp_path, "i/2024-05-01/folder/b.csv")
    given = logs(tmp_path, impressions="i/{SPAN}/*")
    found = files.sources(given, [MAY_1], WINDOWS)
    assert names(found, tmp_path) == [("impressions", 1, "i/2024-05-01/a.csv")]


def test_a_link_that_leads_nowhere_is_a_file_that_somebody_will_miss(tmp_path):
    touch(tmp_path, "i/2024-05-01/a.csv")
    (tmp_path / "i/2024-05-01/b.csv").symlink_to("gone.csv")
    (tmp_path / "i/2024-05-01/c.csv").symlink_to("c.csv")  # to itself
    found = files.sources(logs(tmp_path, impressions="i/{SPAN}/*.csv"), [MAY_1], WINDOWS)
    assert [(os.path.basename(one.path), one.size) for one in found] == [
        ("a.csv", 18), ("b.csv", 0), ("c.csv", 0)
    ]  # fmt: skip


def test_where_links_lead_in_a_circle_each_file_is_read_once_by_its_shortest_path(tmp_path):
    touch(tmp_path, "i/2024-05-01/b/a.csv", "i/2024-05-01/c.csv")
    (tmp_path / "i/2024-05-01/b/circle").symlink_to("..")
    found = files.sources(logs(tmp_path, impressions="i/{SPAN}/**"), [MAY_1], WINDOWS)
    assert names(found, tmp_path) == [
        ("impressions", 1, "i/2024-05-01/b/a.csv"), ("impressions", 1, "i/2024-05-01/c.csv")
    ]  # fmt: skip


def test_the_files_of_one_day_are_found_of_any_log(tmp_path):
    touch(tmp_path, "s/2024-05-01/a.parquet", "s/2024-05-01/_SUCCESS", "s/2024-05-02/b.parquet")
    log = logs(tmp_path, impressions="s/{SPAN}/*").impressions
    found = files.day_sources("served", str(tmp_path), log, MAY_1)
    assert names(found, tmp_path) == [("served", 1, "s/2024-05-01/a.parquet")]
    assert list(files.day_sources("served", str(tmp_path), log, MAY_3)) == []


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


def bundled(*given):
    """Bundles files of a log and a size in MiB; says which numbers are together."""
    found = [
        files.Source(log, MAY_1, f"{i}", size * 2**20, 0) for i, (log, size) in enumerate(given)
    ]
    groups = files.bundles(found)
    assert [pair for group in groups for pair in group] == list(enumerate(found))
    return [[number for number, _ in group] for group in groups]


def test_small_files_are_bundled_to_64_mebibytes():
    assert bundled(*[("clicks", 16)] * 9) == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]
    assert bundled(("clicks", 64), ("clicks", 0), ("clicks", 1)) == [[0, 1], [2]]


def test_a_large_file_is_a_bundle_of_its_own():
    assert bundled(("clicks", 1), ("clicks", 500), ("clicks", 1)) == [[0], [1], [2]]
    assert bundled(("clicks", 500)) == [[0]]


def test_a_bundle_holds_files_of_one_log():
    given = ("clicks", 1), ("clicks", 1), ("conversions", 1), ("impressions", 1)
    assert bundled(*given) == [[0, 1], [2], [3]]


def test_no_file_makes_no_bundle():
    assert files.bundles([]) == []


@hypothesis.given(st.lists(st.tuples(st.sampled_from("cvi"), st.integers(0, 90)), max_size=30))
def test_bundles_keep_every_file_in_order_and_none_could_take_the_next(given):
    given = sorted(given, key=lambda file: file[0])
    groups = bundled(*given)
    for group, following in itertools.pairwise(groups):
        (log, _), (other, size) = given[group[0]], given[following[0]]
        assert log != other or sum(given[number][1] for number in group) + size > 64
    for group in groups:
        assert len(group) == 1 or sum(given[number][1] for number in group) <= 64
        assert len({given[number][0] for number in group}) == 1


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


def fingerprint(given, windows):
    return files.fingerprint(files.sources(given, [MAY_1], windows))


def test_a_fingerprint_changes_with_any_file_that_is_read(tmp_path):
    touch(tmp_path, *(f"{log}/2024-05-0{day}.csv" for log in "ic" for day in range(1, 5)))
    given = logs(tmp_path, impressions="i/{SPAN}.csv", clicks="c/{SPAN}.csv")
    before = fingerprint(given, WINDOWS)
    assert fingerprint(given, WINDOWS) == before

    os.utime(tmp_path / "c/2024-05-03.csv", ns=(1, 1))  # beyond the window
    os.utime(tmp_path / "i/2024-05-02.csv", ns=(1, 1))  # not asked for
    assert fingerprint(given, WINDOWS) == before

    os.utime(tmp_path / "c/2024-05-02.csv", ns=(1, 1))
    touched = fingerprint(given, WINDOWS)
    touch(tmp_path, "c/2024-05-02.csv.later")
    assert fingerprint(given, WINDOWS) == touched != before

    (tmp_path / "c/2024-05-02.csv").write_text("longer")
    os.utime(tmp_path / "c/2024-05-02.csv", ns=(1, 1))
    assert fingerprint(given, WINDOWS) not in (touched, before)
    moved = Attribution(click_window="1d", conversion_window="1d", tolerance="1d")
    touch(tmp_path, "c/2024-04-30.csv")
    assert fingerprint(given, moved) != fingerprint(given, WINDOWS)


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
