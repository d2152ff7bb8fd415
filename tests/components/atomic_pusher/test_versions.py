import json
import subprocess
import sys

import pytest

from components.atomic_pusher.versions import (
    folders,
    home,
    latest_before,
    newest_span,
    standing,
    superseded_versions,
    versions,
    whereabouts,
    withdrawn_versions,
)


def test_versions_are_the_folders_named_by_numbers_in_the_order_of_numbers(tmp_path):
    for name in ("10", "9", ".incoming", "12-old", "notes", "²"):
        (tmp_path / name).mkdir()
    assert versions(str(tmp_path)) == [9, 10]


def test_an_empty_or_absent_serving_directory_has_none(tmp_path):
    assert versions(str(tmp_path)) == []
    assert versions(str(tmp_path / "absent")) == []
    assert withdrawn_versions(str(tmp_path)) == []


@pytest.fixture
def serving(tmp_path):
    for name in ("7", ".withdrawn/9", ".withdrawn/8", ".withdrawn/notes", ".superseded/11"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def test_what_was_withdrawn_is_no_version_of_the_serving_directory(serving):
    assert versions(str(serving)) == [7]
    assert withdrawn_versions(str(serving)) == [8, 9]
    assert superseded_versions(str(serving)) == [11]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("7", "served"),
        ("7/", "served"),
        ("9", "withdrawn"),
        (".superseded/11", "superseded"),
        (".superseded/7", "served"),  # moved to where it is served since
        (".superseded/9", "withdrawn"),
        ("10", "removed"),
        ("x", "removed"),
    ],
)
def test_a_version_is_served_superseded_withdrawn_or_removed(serving, name, found):
    assert standing(f"{serving}/{name}") == found


def test_a_version_is_found_wherever_it_lies(serving):
    assert whereabouts(f"{serving}/9") == f"{serving}/.withdrawn/9"
    assert whereabouts(f"{serving}/.superseded/7") == f"{serving}/7"
    assert whereabouts(f"{serving}/10") is None
    assert [home(each) for each in folders(str(serving))] == [
        f"{serving}/{number}" for number in (11, 9, 8, 7)
    ]


@pytest.fixture
def put(tmp_path):
    """Puts a model of some days into the serving directory."""

    def write(name, *spans):
        folder = tmp_path / name / "assets.extra"
        folder.mkdir(parents=True)
        (folder / "funnelrank.json").write_text(json.dumps({"spans": spans}))

    return write


def test_a_model_of_ours_tells_its_newest_span_and_others_none(put, tmp_path):
    put("7", "2026-01-01", "2026-01-02")
    put("8")
    (tmp_path / "9").mkdir()
    found = [newest_span(str(tmp_path / name)) for name in ("7", "8", "9")]
    assert found == ["2026-01-02", None, None]


def test_a_training_goes_on_from_the_latest_earlier_day_even_if_it_came_too_late_to_be_served(
    put, tmp_path
):
    put("7", "2026-01-03")
    put("8", "2026-01-05")
    put(".superseded/9", "2026-01-03")
    put(".withdrawn/10", "2026-01-04")
    found = {day: latest_before(str(tmp_path), f"2026-01-0{day}") for day in (3, 4, 5, 6)}
    assert found == {
        3: None,
        4: f"{tmp_path}/.superseded/9",
        5: f"{tmp_path}/.superseded/9",
        6: f"{tmp_path}/8",
    }


def test_local_folders_are_listed_without_waiting_for_tfx(tmp_path):
    code = (
        "import sys; from components.atomic_pusher.versions import versions; "
        f"versions({str(tmp_path)!r}); assert 'tfx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
