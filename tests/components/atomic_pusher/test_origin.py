import json
from pathlib import Path

import pytest

from components.atomic_pusher.origin import read_origin, write_origin


def noted(folder: Path) -> dict[str, str]:
    return json.loads((folder / "assets.extra" / "origin.json").read_text())


def test_the_way_from_a_version_to_its_artifact_is_noted(tmp_path):
    served, model = tmp_path / "serving" / "7", tmp_path / "artifacts" / "Trainer" / "model" / "3"
    write_origin(str(served), str(served), str(model))
    assert noted(served) == {"model": "../../artifacts/Trainer/model/3"}
    assert read_origin(str(served)) == str(model)


def test_a_work_directory_that_has_moved_is_followed(tmp_path):
    served = tmp_path / "old" / "serving" / "7"
    write_origin(str(served), str(served), str(tmp_path / "old" / "artifacts" / "3"))
    (tmp_path / "old").rename(tmp_path / "new")
    found = read_origin(str(tmp_path / "new" / "serving" / "7"))
    assert found == str(tmp_path / "new" / "artifacts" / "3")


def test_it_counts_from_where_the_version_will_be_not_from_where_it_is_written(tmp_path):
    staged, served = tmp_path / "serving" / ".incoming" / "6", tmp_path / "serving" / "7"
    write_origin(str(staged), str(served), str(tmp_path / "model"))
    assert noted(staged) == {"model": "../../model"}


def test_relative_places_are_meant_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_origin("serving/7", str(tmp_path / "serving" / "7"), "runs/model")
    assert read_origin("serving/7") == "runs/model"


def test_a_place_on_another_file_system_is_noted_whole(tmp_path):
    served = tmp_path / "serving" / "7"
    write_origin(str(served), str(served), "gs://shop/artifacts/3")
    assert read_origin(str(served)) == "gs://shop/artifacts/3"
    write_origin(str(served), "s3://shop/serving/7", "/data/artifacts/3")
    assert read_origin(str(served)) == "/data/artifacts/3"


def test_a_version_that_is_a_link_is_read_from_where_the_link_stands(tmp_path):
    elsewhere = tmp_path / "disk" / "deep" / "7"
    served = tmp_path / "serving" / "7"
    write_origin(str(elsewhere), str(served), str(tmp_path / "artifacts" / "3"))
    served.parent.mkdir()
    served.symlink_to(elsewhere)
    assert read_origin(str(served)) == str(tmp_path / "artifacts" / "3")


def test_a_version_that_says_nothing_has_no_origin(tmp_path):
    assert read_origin(str(tmp_path)) is None


@pytest.mark.parametrize("aside", [".withdrawn", ".superseded"])
def test_a_version_that_lies_aside_has_the_same_origin_as_when_it_is_served(tmp_path, aside):
    served, apart = tmp_path / "serving" / "7", tmp_path / "serving" / aside / "7"
    write_origin(str(apart), str(apart), str(tmp_path / "artifacts" / "3"))
    assert noted(apart) == {"model": "../../artifacts/3"}
    assert read_origin(str(apart)) == str(tmp_path / "artifacts" / "3")
    apart.rename(served)
    assert read_origin(str(served)) == str(tmp_path / "artifacts" / "3")
