"""SavedModels to measure, each made once for the code that it is made by."""

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path

import click

from benchmarks.learning.interpreter import OURS, ROOT, python
from benchmarks.training_speed import environments

# What a SavedModel is made from, besides the module that makes it.
_SHARED = ("benchmarks/serving_speed/task.py", "benchmarks/training_speed/task.py")
_BESIDES = {
    "ours": (
        *("models", "schemas", "benchmarks/serving_speed/requests.py"),
        "tests/stand_in/transform.py",
    ),
    "peer_deepctr": ("benchmarks/training_speed/peer_deepctr.py",),
}


def saved_model(module: str, architecture: str, data: Path) -> Path:
    """Returns the folder of a SavedModel, written unless it is there.

    Args:
        module: of this package that writes it.
        architecture: of the model.
        data: where such folders are kept, and the environment of the peer.

    Raises:
        ClickException: if the module fails, with what it said.
    """
    sources = [f"benchmarks/serving_speed/{module}.py", *_SHARED, *_BESIDES.get(module, ())]
    version = _digest(sources)
    folder = data / f"{module}-{architecture}-{version}"
    if not folder.is_dir():
        click.echo(f"Making the SavedModel of {module}, {architecture} (once)", err=True)
        data.mkdir(parents=True, exist_ok=True)
        peer = module.removeprefix("peer_")
        interpreter = (
            OURS
            if peer == module
            else environments.python_of(peer, data.parent / "training" / "environments")
        )
        with tempfile.TemporaryDirectory(dir=data) as unfinished:
            made = Path(unfinished, "saved_model")
            writer = f"benchmarks.serving_speed.{module}"
            python(writer, architecture, made, interpreter=interpreter)
            made.rename(folder)
    return folder


def _digest(sources: Iterable[str]) -> str:
    """Returns what changes with any Python file of these files and folders."""
    digest = hashlib.sha256()
    for source in sources:
        path = ROOT / source
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
