from pathlib import Path

import pytest

from pipeline.config_file import load_config
from pipeline.errors import Misuse
from pipeline.schema import schema_of

ALL = ["impression_id", "impression_time", "user", "price", "click", "conversion"]
ALL += [
    "label_age",
    "click_mature",
    "conversion_mature",
    "settled",
    "conversion_count",
    "conversion_delay",
]


def curated(tmp_path: Path, names: list[str]) -> Path:
    path = tmp_path / "curated.pbtxt"
    path.write_text("".join(f'feature {{ name: "{name}" type: BYTES }}\n' for name in names))
    return path


def refused(config) -> str:
    with pytest.raises(Misuse) as refusal:
        schema_of(config)
    return str(refusal.value)


def test_without_a_curated_schema_the_columns_say_what_examples_are_like(write_config):
    assert 'name: "price"\n  type: FLOAT' in schema_of(load_config(write_config()))


def test_a_curated_schema_is_taken_as_it_is(write_config, tmp_path):
    path = curated(tmp_path, ALL)
    path.write_text(path.read_text() + "# right\n")
    assert schema_of(load_config(write_config(), [f"schema={path}"])) == path.read_text()


def test_a_curated_schema_must_describe_every_column(write_config, tmp_path):
    path = curated(tmp_path, ALL[:3] + ALL[4:5] + ALL[6:10] + ALL[11:])
    assert refused(load_config(write_config(), [f"schema={path}"])) == (
        f"the schema {path} does not describe price, conversion, conversion_count, which "
        "this config makes or reads: add a feature for each, or leave `schema` out to derive one"
    )


def test_a_curated_schema_that_cannot_be_read_is_named(write_config, tmp_path):
    path = tmp_path / "curated.pbtxt"
    config = load_config(write_config(), [f"schema={path}"])
    assert refused(config).startswith(f"cannot read the schema {path}: FileNotFoundError")
    path.write_text("feature { nme: 3 }")
    assert refused(config).startswith(f"cannot read the schema {path}: ParseError: 1:11")
