"""Kubeflow knows an artifact by its TYPE_NAME alone: TFX compiles and imports it by that name."""

import pkgutil
from importlib import import_module

import pytest
from tfx.orchestration.kubeflow.v2.compiler_utils import get_artifact_schema
from tfx.types import Artifact
from tfx.utils import import_utils

import components


def ours() -> list[type[Artifact]]:
    names = [name for _, name, _ in pkgutil.walk_packages(components.__path__, "components.")]
    modules = [import_module(name) for name in names if name.endswith(".artifacts")]
    kinds = [kind for module in modules for kind in vars(module).values()]
    return [kind for kind in kinds if isinstance(kind, type) and kind.__module__ in names]


def test_there_are_six():
    assert len(ours()) == 6


@pytest.mark.parametrize("kind", ours(), ids=lambda kind: kind.__name__)
def test_an_artifact_of_ours_compiles_and_is_found_by_its_name(kind):
    assert f"title: components.{kind.__name__}" in get_artifact_schema(kind)
    assert import_utils.import_class_by_path(kind.TYPE_NAME) is kind


def test_no_other_name_is_there():
    with pytest.raises(AttributeError, match="has no attribute 'LogLegder'"):
        _ = components.LogLegder
