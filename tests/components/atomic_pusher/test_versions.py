import subprocess
import sys

import pytest

from components.atomic_pusher.versions import standing, versions, withdrawn_versions


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
    for name in ("7", ".withdrawn/9", ".withdrawn/8", ".withdrawn/notes"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def test_what_was_withdrawn_is_no_version_of_the_serving_directory(serving):
    assert versions(str(serving)) == [7]
    assert withdrawn_versions(str(serving)) == [8, 9]


@pytest.mark.parametrize(
    ("name", "found"),
    [("7", "served"), ("7/", "served"), ("9", "withdrawn"), ("10", "removed"), ("x", "removed")],
)
def test_a_version_is_served_withdrawn_or_removed(serving, name, found):
    assert standing(f"{serving}/{name}") == found


def test_local_folders_are_listed_without_waiting_for_tfx(tmp_path):
    code = (
        "import sys; from components.atomic_pusher.versions import versions; "
        f"versions({str(tmp_path)!r}); assert 'tfx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
