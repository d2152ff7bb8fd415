import pytest

from components.removal import remove_tree


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside" / "deep"
    folder.mkdir(parents=True)
    (folder / "kept").write_text("kept")
    return tmp_path / "outside"


def test_a_folder_goes_with_all_in_it_but_not_what_links_in_it_point_to(tmp_path, outside):
    folder = tmp_path / "work" / "sub"
    folder.mkdir(parents=True)
    (folder / "file").write_text("gone")
    (folder / "link").symlink_to(outside)
    remove_tree(str(tmp_path / "work"))
    assert not (tmp_path / "work").exists()
    assert (outside / "deep" / "kept").read_text() == "kept"


def test_of_a_link_the_link_goes(tmp_path, outside):
    (tmp_path / "link").symlink_to(outside)
    remove_tree(str(tmp_path / "link"))
    assert not (tmp_path / "link").is_symlink()
    assert (outside / "deep" / "kept").read_text() == "kept"
