"""The tiny config with what Kubeflow needs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.config import PipelineConfig
from pipeline.config_file import load_config

IMAGE = "registry.example/funnelrank@sha256:" + "0" * 64


@pytest.fixture
def with_kubeflow(write_config: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Writes the config with `kubeflow`, its volume at `tmp_path`, and lines after it."""

    def write(*lines: str) -> Path:
        path = write_config()
        block = [
            "kubeflow:",
            f"  image: {IMAGE}",
            f"  root: {tmp_path}/volume/tiny",
            f"  volume: {{claim: funnelrank, path: {tmp_path}}}",
            *lines,
        ]
        path.write_text(path.read_text() + "\n".join(block) + "\n")
        return path

    return write


@pytest.fixture
def config(with_kubeflow: Callable[..., Path]) -> Callable[..., PipelineConfig]:
    """Loads that config, with overrides."""
    return lambda *overrides: load_config(with_kubeflow(), overrides)
