"""What the model of a run was made from."""

import importlib.metadata
import os
import platform
from collections.abc import Mapping
from typing import Any

from tfx import types

from components.baseline_model.component import VERSION
from components.log_example_gen.executor import AS_OF, FINGERPRINT
from components.run_report.facts import Kept, Lineage
from schemas.spans import SPANS, parse_spans

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
    diagnostics: Mapping[str, Any],
    artifacts: Mapping[str, types.Artifact],
    root: str,
) -> Lineage:
    """Returns what the model of a run was made from.

    Args:
        spec: that lies beside the model.
        diagnostics: of the training.
        artifacts: of the run, by name.
        root: paths are told from here.
    """
    start = diagnostics.get("warm_start") or {}
    baseline, examples = artifacts.get("baseline"), artifacts.get("examples")
    spans = parse_spans(examples.get_string_custom_property(SPANS)) if examples else ()
    return Lineage(
        spans=tuple(span.isoformat() for span in spans),
        as_of=examples and examples.get_string_custom_property(AS_OF),
        fingerprint=examples.get_string_custom_property(FINGERPRINT) if examples else "",
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
