"""What this machine has and lacks, looked up without starting TensorFlow."""

import dataclasses
import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.quantities import size
from pipeline.work_dir import WorkDir
from schemas.metadata_store import MysqlStore

PACKAGES = (
    "tensorflow",
    "tf-keras",
    "tensorflow-recommenders",
    "tfx",
    "tensorflow-transform",
    "tensorflow-model-analysis",
    "tensorflow-data-validation",
    "ml-metadata",
    "apache-beam",
    "duckdb",
    "pyarrow",
)
_MIN_GLIBC = (2, 38)
_MIN_MEMORY = 4 * 2**30
_MIN_DISK = 5 * 2**30
_GPU_DEVICES = ("/dev/nvidia0", "/dev/kfd", "/dev/accel0")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing looked up: what it is, whether it will do, and what to do if it will not."""

    name: str
    found: str
    ok: bool
    way_out: str = ""


def examine(work: Path) -> tuple[Finding, ...]:
    """Returns what this machine has, for runs that write under `work`."""
    return (
        _python(),
        _glibc(),
        *(_package(name) for name in PACKAGES),
        _keras(),
        _cores(),
        _memory(),
        _disk(work),
        _accelerator(),
        *_stores(work),
    )


def _python() -> Finding:
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("Python", platform.python_version(), ok, "use Python 3.11, 3.12 or 3.13")


def _glibc() -> Finding:
    name, version = platform.libc_ver()
    if name != "glibc":
        return Finding("C library", name or "unknown", False, "TFX's wheels need Linux with glibc")
    ok = tuple(int(part) for part in version.split(".")[:2]) >= _MIN_GLIBC
    return Finding("glibc", version, ok, "run `make venv`, or use the container image")


def _package(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name), True)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "missing", False, "run `make venv`")


def _keras() -> Finding:
    value = os.environ.get("TF_USE_LEGACY_KERAS", "unset")
    return Finding(
        "TF_USE_LEGACY_KERAS", value, value == "1", "start through `funnelrank`, or export it as 1"
    )


def _cores() -> Finding:
    return Finding("CPU cores", str(len(os.sched_getaffinity(0))), True)


def _memory() -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Finding("memory", size(total), total >= _MIN_MEMORY, "the demo needs 4 GiB")


def _disk(work: Path) -> Finding:
    place = work.resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return Finding("free disk", size(free), free >= _MIN_DISK, f"free 5 GiB under {work}")


def _accelerator() -> Finding:
    found = [device for device in _GPU_DEVICES if Path(device).exists()]
    return Finding("accelerator", ", ".join(found) or "none: training runs on the CPU", True)


def _stores(work: Path) -> Iterator[Finding]:
    """Looks at where the runs in `work`, or in the folders in it, are written down."""
    for place in (WorkDir(folder.resolve()) for folder in (work, *sorted(work.glob("*/")))):
        if place.metadata_note.is_file():
            yield _database(place)
        elif place.metadata.is_file():
            from pipeline.store_trouble import sqlite_trouble

            if trouble := sqlite_trouble(place.metadata):
                yield Finding(f"runs of {place.root.name}", place.metadata.name, False, trouble)


def _database(work: WorkDir) -> Finding:
    from pipeline.store_trouble import mysql_trouble

    name = f"runs of {work.root.name}"
    try:
        store = MysqlStore.model_validate_json(work.metadata_note.read_bytes())
    except (OSError, ValueError):
        return Finding(name, "unreadable", False, f"put a backup in place of {work.metadata_note}")
    if password := os.environ.get(store.password_env):
        trouble = mysql_trouble(store, password)
    else:
        trouble = f"export {store.password_env} as the password of {store.user}"
    return Finding(name, f"{store.database} on {store.address}", not trouble, trouble or "")
