"""Every YAML in the pages on evaluation, gates and operations is one that the demo could have."""

import re
from pathlib import Path

import pytest
import yaml

from pipeline.config import PipelineConfig

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("evaluation.md", "gates.md", "operations.md")


def blocks(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("block", [block for page in PAGES for block in blocks(page)])
def test_a_block_fits_the_demo(block):
    demo = yaml.safe_load((ROOT / "configs" / "demo.yaml").read_text(encoding="utf-8"))
    PipelineConfig.model_validate({**demo, **yaml.safe_load(block)})


def test_each_page_shows_one():
    assert [len(blocks(page)) > 0 for page in PAGES] == [True, True, True]


def test_the_gates_are_judged_on_what_the_page_says():
    demo = yaml.safe_load((ROOT / "configs" / "demo.yaml").read_text(encoding="utf-8"))
    config = PipelineConfig.model_validate({**demo, **yaml.safe_load(blocks("gates.md")[0])})
    gates = {(gate.output, gate.metric, tuple(gate.slice.items())): gate for gate in
             config.parsed_gates()}  # fmt: skip
    assert gates["ctr", "calibration", ()].bar == "0.9 .. 1.1"
    assert gates["cvr", "auc", (("device", "*"),)].min_positives == 200
