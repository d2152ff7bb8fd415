"""What the model of a run was made from."""

import importlib.metadata
import os
import platform
from collections.abc import Mapping
from typing import Any

from tfx import types

from components.baseline_model.component import VERSION
from components.log_example_gen.executor import AS_OF
from components.run_report.facts import Kept, Lineage

_PACKAGES = (
    "funnelrank",
    "tensorflow",
    "tf-keras",
    "tensorflow-recommenders",
    "tfx",
    "apache-beam",
)


def lineage(
    spec: Mapping[str, Any],
    ledger: Mapping[str, Any],
    diagnostics: Mapping[str, Any],
    artifacts: Mapping[str, types.Artifact],
    fingerprint: str,
    root: str,
) -> Lineage:
    """Returns what the model of a run was made from.

    Args:
        spec: that lies beside the model.
        ledger: of the run's rows.
        diagnostics: of the training.
        artifacts: of the run, by name.
        fingerprint: of the logs.
        root: paths are told from here.
    """
    start = diagnostics.get("warm_start") or {}
    baseline = artifacts.get("baseline")
    return Lineage(
        spans=tuple(spec.get("spans", ())),
        as_of=ledger.get(AS_OF),
        fingerprint=fingerprint,
        code=spec.get("code", ""),
        base=None if "cold" in start else start.get("version"),
        baseline=baseline and (baseline.get_string_custom_property(VERSION) or None),
        packages=packages(),
        artifacts=tuple(
            _kept(name, artifact, root)
            for name, artifact in sorted(artifacts.items(), key=lambda item: item[1].id)
        ),
    )


def _kept(name: str, artifact: types.Artifact, root: str) -> Kept:
    uri = artifact.uri
    path = os.path.relpath(uri, root) if uri.startswith(f"{root.rstrip('/')}/") else uri
    return Kept(name=name, type=artifact.type_name, id=artifact.id, path=path)


def packages() -> dict[str, str]:
    """Returns the versions of Python and of the packages that matter, of those installed."""
    found = {"Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
