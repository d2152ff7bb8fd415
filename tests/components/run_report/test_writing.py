import pytest

from components.run_report.facts import Facts
from components.run_report.writing import facts_text, write, write_whole


def test_a_page_and_its_facts_lie_in_the_folder_of_their_run(pushed, tmp_path):
    page = write(pushed, str(tmp_path / "reports"))
    folder = tmp_path / "reports" / pushed.run
    assert page == str(folder / "index.html")
    assert sorted(path.name for path in folder.iterdir()) == ["facts.json", "index.html"]
    assert (folder / "facts.json").read_text() == facts_text(pushed)
    assert facts_text(Facts.model_validate_json(facts_text(pushed))) == facts_text(pushed)


def test_a_file_that_is_there_is_replaced_whole(tmp_path):
    path = tmp_path / "a" / "b.txt"
    for text in ("one", "two"):
        write_whole(str(path), text)
    assert path.read_text() == "two"
    assert [file.name for file in path.parent.iterdir()] == ["b.txt"]


@pytest.mark.parametrize("run", ["", ".", "..", "../outside", "/absolute", "a/b"])
def test_a_run_whose_id_would_lead_elsewhere_has_no_report(run, pushed, tmp_path):
    with pytest.raises(ValueError, match=r"a run is named as a folder is, .* Received: "):
        write(pushed.model_copy(update={"run": run}), str(tmp_path / "reports"))
    assert list(tmp_path.iterdir()) == []
