import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.source_hash import source_hash

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path):
    for package in ("schemas", "models"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for package in ("components", "pipeline"):
        (tmp_path / package).mkdir()
        shutil.copy(ROOT / package / "__init__.py", tmp_path / package)
    shutil.copy(ROOT / "pipeline" / "source_hash.py", tmp_path / "pipeline")
    return tmp_path


def hashed(root, *packages):
    """The hash as a fresh process computes it from the sources under `root`."""
    code = f"from pipeline.source_hash import source_hash; print(source_hash(*{packages!r}))"
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def test_a_copy_elsewhere_has_the_same_hash(copy):
    assert hashed(copy, "schemas", "models.spec") == source_hash("schemas", "models.spec")


def test_one_byte_changes_the_hash_of_its_own_packages_only(copy):
    before = hashed(copy, "schemas"), hashed(copy, "models")
    with (copy / "models" / "spec.py").open("a") as file:
        file.write("#")
    assert hashed(copy, "schemas") == before[0]
    assert hashed(copy, "models") != before[1]


def test_a_folder_that_is_renamed_changes_the_hash(copy):
    before = hashed(copy, "models")
    (copy / "models" / "trunks").rename(copy / "models" / "trunkz")
    assert hashed(copy, "models") != before


def test_a_hash_is_sixteen_hexadecimal_digits_and_depends_on_what_is_asked():
    hashes = {source_hash(*asked) for asked in (("schemas",), ("models.spec",), ("models",))}
    assert len(hashes) == 3
    assert all(len(text) == 16 and int(text, 16) >= 0 for text in hashes)


def test_a_module_that_is_not_there_is_an_error():
    with pytest.raises(FileNotFoundError):
        source_hash("models.no_such_module")
