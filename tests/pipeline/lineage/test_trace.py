"""From a version to what made it, in a real metadata store."""

import shutil

import pytest

from pipeline.errors import Misuse
from pipeline.lineage.trace import Link, find, lineage

CONFIG = "name: tiny\nheads:\n  ctr: {label: click}\ngates: {ctr.auc: '>= 0.7'}\n"


def test_a_version_leads_to_spans_logs_code_config_and_figures(push, work):
    push("8", baseline="7", config=CONFIG)
    found = lineage(work, "8")
    assert (found.version, found.standing, found.folder) == ("8", "newest", work.serving / "8")
    assert (found.pipeline, found.run) == ("tiny", "8")
    assert (found.spans, found.as_of) == (("2026-01-08",), "2026-02-01T00:00:00+00:00")
    assert found.fingerprint == "f1e5"
    assert found.code == {"LogExampleGen": "c0de", "Trainer": "beef"}
    assert found.packages == {"tensorflow": "2.21.0"}
    assert found.config["gates"] == {"ctr.auc": ">= 0.7"}
    assert found.whole
    assert found.baseline == "7"
    assert found.evaluation.overall["ctr"].models["candidate"]["auc"].high == 0.77
    assert [verdict.gate for verdict in found.verdicts] == ["ctr.auc"]
    assert (found.serving.load, found.serving.memory) == (1.25, 80_000_000)
    assert [one.node for one in found.made] == [
        "LogExampleGen", "StartingModel", "Trainer", "ServingCheck", "BaselineModel", "Evaluator",
        "ModelGate", "AtomicPusher",
    ]  # fmt: skip
    assert found.missing == ()


def test_a_warm_start_leads_to_the_versions_before_it(push, work):
    push("6")
    push("7", base="6")
    push("8", base="7")
    assert lineage(work, "8").base == (Link("7", ("2026-01-07",)), Link("6", ("2026-01-06",)))
    assert lineage(work, "6").base == ()


def test_a_base_that_another_work_directory_made_is_named(push, work):
    push("8", base="3")
    assert lineage(work, "8").base == (Link("3", None),)


def test_without_a_report_the_config_is_what_components_were_told(push, work):
    push("8")
    found = lineage(work, "8")
    assert not found.whole
    assert found.config == {
        "logs": {"root": "/logs"}, "name": "tiny", "heads": {"ctr": {"label": "click"}},
    }  # fmt: skip
    assert found.packages is None
    assert found.missing[0].startswith("the config as a whole: no RunReport read this pushed model")


def test_a_version_is_newest_served_withdrawn_or_removed(push, work):
    for version in ("6", "7", "8", "9"):
        push(version)
    (work.serving / ".withdrawn").mkdir()
    (work.serving / "9").rename(work.serving / ".withdrawn" / "9")
    (work.serving / "6").rmdir()
    standings = {version: lineage(work, version).standing for version in ("6", "7", "8", "9")}
    assert standings == {"6": "removed", "7": "served", "8": "newest", "9": "withdrawn"}


def test_artifacts_that_are_gone_are_told(push, work):
    push("8", config=CONFIG)
    shutil.rmtree(work.artifacts)
    found = lineage(work, "8")
    assert (found.evaluation, found.serving, found.verdicts) == (None, None, ())
    assert found.missing[0].startswith("figures: there is no figures.json in the artifact")
    assert found.missing[1].startswith("serving: there is no serving.json in the artifact")
    assert found.packages is None
    assert found.missing[2].startswith("verdicts: they cannot be read in the artifact")


def test_a_version_that_nobody_knows_is_misuse(push, work):
    push("8")
    with pytest.raises(Misuse, match=r"metadata.sqlite knows no version 9. It knows: 8$"):
        lineage(work, "9")


def test_a_version_is_found_by_its_folder_wherever_it_lies(push, work):
    push("8")
    assert find(str(work.serving / "8"), None) == (work, "8")
    assert find(str(work.serving / ".withdrawn" / "8"), None) == (work, "8")
    with pytest.raises(Misuse, match=r"no metadata.sqlite or metadata.json lies above"):
        find(str(work.root.parent / "8"), None)


def test_a_version_is_found_by_its_number_or_as_the_latest(push, work, monkeypatch):
    push("7")
    push("8")
    assert find("7", work.root) == (work, "7")
    assert find("latest", work.root) == (work, "8")
    work.root.parent.joinpath("runs").mkdir()
    work.root.rename(work.root.parent / "runs" / "shop")
    monkeypatch.chdir(work.root.parent)
    found, version = find("7", None)
    assert (found.root, version) == (work.root.parent / "runs" / "shop", "7")
    assert find("latest", None) == (found, "8")
    shutil.copytree(found.root, found.root.parent / "other")
    with pytest.raises(Misuse, match="version latest must be of one run below runs, and there is"):
        find("latest", None)
    with pytest.raises(Misuse, match=r"and there is: none\. Say which with --work"):
        find("9", None)


@pytest.mark.parametrize("text", ["newest", "1.5", "-3", "runs/demo"])
def test_what_is_no_version_is_misuse(text):
    with pytest.raises(Misuse, match="a version is a number, `latest`, or the folder of one"):
        find(text, None)
