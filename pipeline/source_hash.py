"""A hash of our own source, for TFX's cache: it does not notice edited code by itself."""

import hashlib
from pathlib import Path

import components
import evaluation
import models
import schemas


def source_hash(*packages: str) -> str:
    """Returns a hash of the Python source of some of our packages or modules.

    Args:
        packages: dotted names, such as `schemas` or `models.preprocessing`.
    """
    digest = hashlib.sha256()
    for package in packages:
        top, *rest = package.split(".")
        root = _root(top)
        path = root.joinpath(*rest)
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]:
            source = file.read_bytes()
            name = file.relative_to(root.parent).as_posix()
            # The length says where a file ends: no two sets of files give the same bytes.
            digest.update(f"{name}\0{len(source)}\0".encode() + source)
    return digest.hexdigest()[:16]


def _root(package: str) -> Path:
    roots = {module.__name__: module for module in (components, evaluation, models, schemas)}
    return Path(next(iter(roots[package].__path__)))
