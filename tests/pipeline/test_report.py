import re

import pytest
from rich.console import Console

from components.run_report.facts import Facts, Timing, Verdict
from evaluation.figures import Evaluation, Figure, OutputFigures, SliceFigures
from pipeline.errors import Misuse
from pipeline.report import choose, reports, reports_table, side_by_side
from schemas.heads import Head

RUNS = ("20261121T080000Z", "20261122T080000Z", "20261123T080000Z")


def facts(run, version="1795360109", auc=0.75):
    measured = OutputFigures(
        rows=10, positives=3, weight=10.0, models={"candidate": {"auc": Figure(value=auc)}}
    )
    refusal = Verdict(gate="ctr.auc", bar=">= 0.8", value=auc, passed=False, reason="it is low")
    return Facts(
        run=run,
        name="demo",
        version=version,
        verdicts=() if version else (refusal,),
        heads={"ctr": Head(label="click")},
        evaluation=Evaluation(
            models=("candidate",), slices=(SliceFigures(slice={}, outputs={"ctr": measured}),)
        ),
        timings=(Timing(node="Trainer", seconds=2.0),),
        config=f"training: {{seed: {run[7]}}}\n",
    )


@pytest.fixture
def work(tmp_path):
    """A work directory with three reports, of which the facts of the last are of another time."""
    for run, version in zip(RUNS, ("1795360109", None, "x"), strict=True):
        folder = tmp_path / "reports" / run
        folder.mkdir(parents=True)
        (folder / "facts.json").write_text(facts(run, version).model_dump_json())
        (folder / "index.html").write_text("<html></html>")
    (tmp_path / "reports" / RUNS[2] / "facts.json").write_text('{"written": "long ago"}')
    return tmp_path


def shown(table):
    console = Console(width=100)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def test_reports_are_found_the_oldest_first(work):
    found = reports(work)
    assert [report.run for report in found] == list(RUNS)
    assert found[0].page == work / "reports" / RUNS[0] / "index.html"
    assert found[0].facts.version == "1795360109"
    assert found[2].facts is None


def test_a_report_that_was_not_finished_does_not_count(work):
    (work / "reports" / RUNS[1] / "index.html").unlink()
    assert [report.run for report in reports(work)] == [RUNS[0], RUNS[2]]


def test_a_directory_without_reports_is_told_with_what_it_should_be(tmp_path):
    with pytest.raises(Misuse, match=r"there is no report in .*WORK_DIR is where a run wrote"):
        reports(tmp_path)


def test_a_run_is_chosen_by_its_id_and_the_nearest_is_named(work):
    found = reports(work)
    assert choose(found, RUNS[1]).run == RUNS[1]
    with pytest.raises(Misuse, match=f"run '20261122' has no report. Did you mean {RUNS[1]}"):
        choose(found, "20261122")


def test_the_table_says_what_became_of_each_model_and_how_good_it_was(work):
    lines = [
        re.sub(" +", " ", line).strip() for line in shown(reports_table(reports(work))).split("\n")
    ]
    assert lines[2:5] == [
        f"{RUNS[0]} Pushed as version 1795360109 0.7500",
        f"{RUNS[1]} Refused by 1 of 1 gate 0.7500",
        f"{RUNS[2]} cannot be read",
    ]


def test_two_runs_lie_side_by_side_in_a_page_beside_their_own(work):
    one, other, _ = reports(work)
    page = side_by_side(work, one, other)
    assert page == work / "reports" / f"{RUNS[0]}-{RUNS[1]}.html"
    text = page.read_text()
    for run in RUNS[:2]:
        assert f'href="{run}/index.html"' in text
        assert (page.parent / run / "index.html").exists()
    assert "training.seed" in text
    assert [path.name for path in page.parent.glob("*.part")] == []


def test_facts_of_another_version_cannot_be_compared(work):
    one, _, last = reports(work)
    with pytest.raises(Misuse, match=f"the facts of run {RUNS[2]} cannot be read"):
        side_by_side(work, one, last)
