"""What the Beam steps of two runs left behind, file by file."""

import gzip
import hashlib
from pathlib import Path

STEPS = (
    *("LogExampleGen", "StatisticsGen", "SpanStatistics", "Popularity", "Transform", "Evaluator"),
)
# TensorFlow numbers a graph's nodes as they come; where the examples lie is told as well.
_NEVER_EQUAL = ("saved_model.pb", "fingerprint.pb", "eval_config.json")


def left_by(artifacts: Path) -> dict[str, str]:
    """Returns a digest of each file that the Beam steps of one run left, by step and name.

    Args:
        artifacts: of a work directory in which one run was made.
    """
    return {
        _name(path.relative_to(artifacts)): _digest(path)
        for step in STEPS
        for path in sorted((artifacts / step).rglob("*"))
        if path.is_file() and path.name not in _NEVER_EQUAL
    }


def _name(path: Path) -> str:
    """Returns a path without the ids of executions."""
    return "/".join(part for part in path.parts if not part.isdigit())


def _digest(path: Path) -> str:
    content = path.read_bytes()
    # The header of a gzip file may say when it was written.
    raw = gzip.decompress(content) if path.suffix == ".gz" else content
    return hashlib.sha256(raw).hexdigest()
