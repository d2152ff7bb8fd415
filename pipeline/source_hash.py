"""A hash of our own source, for TFX's cache: it does not notice edited code by itself."""

import hashlib
from pathlib import Path

import components
import models
import schemas


def source_hash(*packages: str) -> str:
    """Returns a hash of the Python source of some of our packages or modules.

    Args:
        packages: dotted names, such as `schemas` or `models.preprocessing`.
    """
    digest = hashlib.sha256()
    for package in packages:
        for path in _files(package):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _files(package: str) -> list[Path]:
    roots = {module.__name__: module for module in (components, models, schemas)}
    top, *rest = package.split(".")
    path = Path(next(iter(roots[top].__path__))).joinpath(*rest)
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
