"""A comparison with the chatter of libraries kept away."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.parity.found import Parity
from pipeline.pushed_model import read_spec
from pipeline.quiet import quietly


def judge(model_dir: Path, logs: Sequence[Path], rows: int) -> Parity:
    """Returns what `compare` finds.

    What libraries say goes to a file in the folder for temporary ones, which stays only if the
    comparison fails.

    Args:
        model_dir: a version's folder, as pushed.
        logs: files or folders of impressions.
        rows: how many to compare at most.

    Raises:
        Misuse: as `compare` does.
        RunFailed: naming the reason and the file.
    """
    read_spec(model_dir)  # what is no model is told before TensorFlow and Beam are imported
    with quietly("the comparison"):
        from pipeline.parity.compare import compare

        return compare(model_dir, logs, rows)
