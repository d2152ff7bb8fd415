"""The published data sets, where they lie beside the project, converted once for all tests."""

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def published(name: str) -> Path:
    """Returns the folder of a published data set, or skips the test saying where it was sought."""
    if not (DATA / name).is_dir():
        pytest.skip(f"the published files of {name} are not in {DATA}")
    return DATA / name


@pytest.fixture(scope="session")
def kuairand_logs(tmp_path_factory) -> Path:
    from examples.kuairand.convert import convert

    source = published("kuairand_pure")
    out = tmp_path_factory.mktemp("kuairand") / "logs"
    convert(source, out)
    return out


@pytest.fixture(scope="session")
def census_logs(tmp_path_factory) -> Path:
    from examples.census.convert import convert

    source = published("census_income")
    out = tmp_path_factory.mktemp("census") / "logs"
    convert(source, out)
    return out
