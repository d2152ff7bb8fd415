"""The section "Submit and schedule" of `docs/kubeflow.md`: its commands, variables and cron."""

import re
import shlex
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.kubeflow_client.connection import connect
from pipeline.kubeflow_client.cron import parse_cron

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "kubeflow.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Submit and schedule\n")[2].partition("\n## ")[0]
COMMANDS = [
    shlex.split(line)[1:]
    for block in re.findall(r"```bash\n(.*?)```", SECTION, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("funnelrank ")
]


def test_each_of_the_three_commands_is_shown():
    assert {name for name, *_ in COMMANDS} == {"submit", "schedule", "runs"}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_its_commands_are_understood(command, monkeypatch):
    monkeypatch.setenv("KFP_ENDPOINT", "http://localhost:8080")
    name, *arguments = command
    told = main.commands[name].make_context(name, arguments).params
    assert told["host"] == "http://localhost:8080"
    if told.get("cron"):
        parse_cron(told["cron"])


def test_its_variables_are_those_that_are_read(monkeypatch):
    read = {option.envvar for option in main.commands["runs"].params if option.envvar}
    source = Path(connect.__code__.co_filename).read_text(encoding="utf-8")
    read |= set(re.findall(r'^_\w+ = "([A-Z_]+)"', source, re.MULTILINE))
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", SECTION, re.MULTILINE)) == read


def test_its_six_fields_are_what_the_command_makes_of_five():
    (five, six) = re.search(r"^made (.*) \(Kubeflow: (.*)\)$", SECTION, re.MULTILINE).groups()
    assert parse_cron(five).with_seconds == six
