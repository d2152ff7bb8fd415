"""The first half of `docs/kubeflow.md`: its config, commands and lists."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from pipeline.cli import main
from pipeline.kubeflow.task import READS_OUTSIDE
from schemas.kubeflow import KubeflowConfig, Resources

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "kubeflow.md").read_text(encoding="utf-8")
PART = PAGE.partition("\n## Submit and schedule\n")[0]
COMMANDS = [
    shlex.split(line)[1:]
    for block in re.findall(r"```bash\n(.*?)```", PART, re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_its_commands_are_understood(command):
    name, *arguments = command
    assert name == "compile"
    assert main.commands[name].make_context(name, arguments).params["output"].suffix == ".yaml"


def test_its_config_is_one():
    (text,) = re.findall(r"```yaml\n(.*?)```", PART, re.DOTALL)
    given = yaml.safe_load(text)
    found = KubeflowConfig.model_validate(given["kubeflow"])
    assert found.sees(given["logs"]["root"])
    assert found.of("Trainer").image != found.image


def test_its_table_names_every_key_of_resources():
    section = PART.partition("## Resources\n")[2].partition("\n## ")[0]
    keys = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(keys))) == set(Resources.model_fields)


def test_it_says_which_steps_are_never_cached():
    paragraph = PART.partition("**Caching.**")[2].partition("\n\n")[0]
    for name in (*READS_OUTSIDE, "Tuner", "DataReport", "Evaluator"):
        assert name in paragraph, name
