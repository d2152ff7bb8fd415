import subprocess
import sys

import pytest
from click.testing import CliRunner

from components.run_report.facts import Facts
from pipeline.commands.report import report
from pipeline.errors import Misuse

RUNS = ("20261121T080000Z", "20261122T080000Z", "20261123T080000Z")


@pytest.fixture
def work(tmp_path):
    for run in RUNS:
        folder = tmp_path / "reports" / run
        folder.mkdir(parents=True)
        told = Facts(run=run, name="demo", version=run[:8])
        (folder / "facts.json").write_text(told.model_dump_json())
        (folder / "index.html").write_text("<html></html>")
    return tmp_path


def call(*arguments):
    return CliRunner().invoke(report, [str(argument) for argument in arguments])


def test_reports_are_listed_with_the_place_of_the_newest(work):
    result = call(work)
    assert result.exit_code == 0
    for run in RUNS:
        assert f"{run}  Pushed as version {run[:8]}" in result.stdout
    assert result.stdout.endswith(f"report {work}/reports/{RUNS[2]}/index.html\n")


def test_with_one_run_the_place_of_its_page_is_printed(work):
    result = call(work, RUNS[0])
    assert result.stdout == f"report {work}/reports/{RUNS[0]}/index.html\n"


@pytest.mark.parametrize(
    ("asked", "runs"), [((RUNS[0], RUNS[2]), (0, 2)), (("--compare",), (1, 2))]
)
def test_two_runs_are_put_side_by_side(work, asked, runs):
    result = call(work, *asked)
    page = work / "reports" / f"{RUNS[runs[0]]}-{RUNS[runs[1]]}.html"
    assert result.stdout == f"report {page}\n"
    assert "two runs side by side" in page.read_text()


@pytest.mark.parametrize("asked", [RUNS, (RUNS[0], "--compare")])
def test_three_runs_or_a_run_and_the_newest_are_a_misuse(work, asked):
    result = call(work, *asked)
    assert result.exit_code == 2
    assert "a comparison is of two RUNS, or with --compare of the two newest" in result.stderr


def test_one_report_cannot_be_compared(work):
    for run in RUNS[:2]:
        (work / "reports" / run / "index.html").unlink()
    result = call(work, "--compare")
    assert result.exit_code == 2
    assert f"there is one: {RUNS[2]}" in result.stderr


def test_a_directory_without_reports_is_a_misuse(tmp_path):
    assert isinstance(call(tmp_path).exception, Misuse)


def test_a_report_is_listed_without_tensorflow(work):
    script = (
        "import sys; from pipeline.commands.report import report\n"
        f"report.main([{str(work)!r}, '--compare'], standalone_mode=False)\n"
        "assert not {'tensorflow', 'tfx', 'apache_beam'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
