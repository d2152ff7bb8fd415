"""docs/security.md names tests that exist, and limits that hold."""

import re
from pathlib import Path

from components.log_example_gen.json_lines import MAX_LEVELS
from components.log_example_gen.streams import ROW_BYTES
from pipeline.safe_yaml import MOST_CHARACTERS, MOST_LEVELS, MOST_NODES
from schemas.private import MOST_KINDS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_row_names_a_file_that_exists():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "`" in line]
    named = re.findall(r"`((?:tests|environment|pipeline)/[\w./]+)`", PAGE)
    assert len(rows) > 15 and len(set(named)) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_limits_are_those_of_the_code():
    assert f"{MOST_CHARACTERS:,} characters, {MOST_LEVELS} levels and {MOST_NODES:,} keys" in PAGE
    assert f"rows of at most {ROW_BYTES // 2**20} MiB, JSON of less than {MAX_LEVELS} lev" in PAGE
    assert f"more than {MOST_KINDS:,} values" in PAGE
