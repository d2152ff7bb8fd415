"""Keras 2 and a quiet log, set before TensorFlow is imported; and which tests come first."""

import os

import pytest

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts whole runs first: they take minutes, and a process with none left would wait."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)
