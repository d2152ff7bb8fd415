"""Ids of users, requests and events in every place of the logs: only data may have them again."""

import io
import json
import logging
import re
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.config_file import load_config
from pipeline.errors import RunFailed
from pipeline.findings import findings
from pipeline.preflight import resolve_inputs
from pipeline.run import run
from pipeline.work_dir import WorkDir

CANARY = re.compile(rb"canary", re.IGNORECASE)
SECRET = "hunter2-of-the-environment"
# Of a user, an impression and an event; digits are long and letters many, so that no shape is one.
USER, SHOWN, ORDER = "CANARY-user-{}", "CANARY-shown-{}", "CANARY-order-{}"
CONFIG = """\
name: canaries
logs:
  root: "<ROOT>"
  impressions: {path: "impressions/{SPAN}/*.csv", id: id, time: {column: time}}
  clicks: {path: "clicks/{SPAN}/*.csv", id: id, time: {column: time}, event_id: order}
  conversions: {path: "conversions/{SPAN}/*.csv", id: id, time: {column: time}, event_id: order}
window: 2
features:
  user: {kind: categorical, side: user, hash: 10, width: 4}
  price: {kind: numeric, side: item}
heads: {ctr: {label: click}, cvr: {label: conversion, given: ctr}}
evaluation: {user: user}
"""
# What may have them: rows, and what is counted of them.
DATA = ("artifacts/LogExampleGen/examples/", "artifacts/LogExampleGen/rejects/")


@pytest.fixture
def quiet_again():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def config(tmp_path):
    """A pipeline over CSV, with ids in rows that are right and in rows that are wrong."""
    when = 1_767_225_600
    shown = [f"{SHOWN.format(n)},{when + n},{USER.format(n)},1.5" for n in range(30)]
    shown += [
        f"{SHOWN.format(0)},{when},{USER.format(99)},9.5",  # a conflict
        f"{SHOWN.format(40)},{USER.format(40)},{when},1.5",  # columns that shifted
        f"{SHOWN.format(41)},{when},{USER.format(41)}",  # too few
        f",{when},{USER.format(42)},1.5",
        f"{SHOWN.format(43)},{when},{USER.format(43)},{USER.format(43)}",
        f'"{SHOWN.format(44)},{when},{USER.format(44)},1.5',  # a quote that is not closed
    ]
    clicks = [f"{SHOWN.format(n)},{when + n + 9},{ORDER.format(n)}" for n in (1, 2, 900)]
    clicks += [f"{SHOWN.format(3)},{ORDER.format(3)},{when}"]
    for day in ("2026-01-01", "2026-01-02"):
        _write(tmp_path, "impressions", day, "id,time,user,price", shown)
        for log in ("clicks", "conversions"):
            _write(tmp_path, log, day, "id,time,order", clicks)
    (tmp_path / "canaries.yaml").write_text(CONFIG.replace("<ROOT>", str(tmp_path / "logs")))
    return load_config(tmp_path / "canaries.yaml")


def _write(root: Path, log: str, day: str, header: str, lines: list[str]) -> None:
    path = root / "logs" / log / day / "part.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([header, *lines]) + "\n")


def test_no_log_no_report_and_no_terminal_shows_an_id_or_the_environment(
    config, tmp_path, capfd, monkeypatch, quiet_again
):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("FUNNELRANK_MYSQL_PASSWORD", SECRET)
    work = WorkDir(tmp_path / "work")
    with pytest.raises(RunFailed) as failed:  # LogGate stops the run: too much is malformed
        run(config, resolve_inputs(config), work)
    told = [str(failed.value), *capfd.readouterr(), *_findings(config, work)]
    assert "LogGate" in told[0] and "shaped like" in told[0] and "shaped like" in told[-1]
    assert not [text for text in told if CANARY.search(text.encode()) or SECRET in text]
    files = [path for path in work.root.rglob("*") if path.is_file()]
    names = {str(path.relative_to(work.root)) for path in files}
    assert {"metadata.sqlite"} < names
    assert any(name.startswith("logs/") for name in names)
    assert any(name.endswith("index.html") for name in names)
    having = [path for path in files if CANARY.search(path.read_bytes())]
    assert [path for path in having if not str(path.relative_to(work.root)).startswith(DATA)] == []
    assert having  # the rejects: whoever mends the logs needs the rows
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def _findings(config, work: WorkDir) -> list[str]:
    """What the terminal says of these rows when a run comes to its end."""
    [ledger] = work.artifacts.glob("LogExampleGen/ledger/*/ledger.json")
    console = Console(file=io.StringIO())
    for line in findings(json.loads(ledger.read_text()), ledger.parent, config.split):
        console.print(line, soft_wrap=True)
    return [console.file.getvalue()]
