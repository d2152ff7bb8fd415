"""A lineage as people and machines read it."""

import json

import pytest
from rich.console import Console

from pipeline.lineage.text import as_json, show
from pipeline.lineage.trace import lineage

CONFIG = "name: tiny\nlogs: {root: '[shop]'}\nheads:\n  ctr: {label: click}\n"


@pytest.fixture
def printed(push, work, capsys):
    push("7")
    push("8", base="7", baseline="7", config=CONFIG)

    def at(width, version="8"):
        show(lineage(work, version), work, Console(width=width, highlight=False))
        return capsys.readouterr().out

    return at


def test_people_see_what_made_it_and_how_good_it_was(printed):
    text = printed(100)
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == "tiny 8, newest"
    assert "spans    2026-01-08" in lines
    assert "code     LogExampleGen c0de, Trainer beef" in lines
    assert "packages tensorflow 2.21.0" in lines
    assert "compared with version 7" in lines
    assert "started  7 (2026-01-07)" in lines
    assert "0.7500" in text
    assert ">= 0.7" in text
    assert "rank  400.0  4.5  5.0  6.1" in lines
    assert any(line.endswith("model 11 artifacts/model/8") for line in lines)
    assert "logs: {root: '[shop]'}" in lines  # no markup
    assert "not told" not in text


def test_what_is_not_known_is_told_last(printed):
    lines = printed(100, "7").splitlines()
    assert "started  from nothing: no warm start" in [line.rstrip() for line in lines]
    assert "Config, as far as it is known" in lines
    assert lines[-1].startswith("not told the config as a whole")


@pytest.mark.parametrize("width", [40, 80])
def test_nothing_is_cut_in_a_narrow_terminal(printed, width):
    text = printed(width)
    table = text[: text.index("Config")]
    assert all(len(line) <= width for line in table.splitlines())
    assert "…" not in text
    assert "artifacts/model/8" in text.replace("\n", "")


def test_machines_read_json_with_the_parameters_as_what_they_say(push, work):
    push("8", config=CONFIG)
    told = json.loads(as_json(lineage(work, "8")))
    assert told["version"] == "8"
    assert told["config"]["heads"] == {"ctr": {"label": "click"}}
    assert told["evaluation"]["slices"][0]["outputs"]["ctr"]["rows"] == 1000
    assert told["verdicts"][0]["gate"] == "ctr.auc"
    assert told["serving"]["doors"]["rank"]["p50"] == 0.0045
    [ingest] = [made for made in told["made"] if made["node"] == "LogExampleGen"]
    assert told["spans"] == ["2026-01-08"]
    assert ingest["parameters"]["fingerprint"] == "f1e5"
    assert ingest["outputs"][0]["type"] == "Examples"
