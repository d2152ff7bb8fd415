import pytest

from components.run_report.artifacts import RunFacts
from components.run_report.executor import Executor
from components.run_report.facts import Facts


@pytest.fixture
def run(artifacts, spec, tmp_path):
    """Runs the component; returns its output artifact."""

    def do(name="20261122T150641Z"):
        report = RunFacts()
        report.uri = str(tmp_path / "out")
        Executor().Do(
            {key: [artifact] for key, artifact in artifacts.items()} | {"rejects": []},
            {"report": [report]},
            {
                "run": name,
                "name": "demo",
                "spec": spec,
                "config": "name: demo\n",
                "reports": str(tmp_path / "reports"),
                "timings": str(tmp_path / "nowhere.json"),
            },
        )
        return report

    return do


def test_a_run_leaves_its_page_and_its_facts(run, tmp_path):
    report = run()
    folder = tmp_path / "reports" / "20261122T150641Z"
    assert sorted(path.name for path in folder.iterdir()) == ["facts.json", "index.html"]
    assert report.get_string_custom_property("page") == str(folder / "index.html")
    text = (folder / "facts.json").read_text()
    assert (tmp_path / "out" / "facts.json").read_text() == text
    assert Facts.model_validate_json(text).version == "1795360109"
    assert "Pushed as version 1795360109" in (folder / "index.html").read_text()


def test_every_run_has_a_folder_of_its_own(run, tmp_path):
    run("20261122T150641Z")
    run("20261123T150641Z")
    assert len(list((tmp_path / "reports").iterdir())) == 2
