"""The curated schemas of the shipped configs agree with the features that the configs declare."""

from pathlib import Path

import pydantic
import pytest
import yaml
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.columns import Column, example_columns
from schemas.evaluation import EvaluationConfig
from schemas.features import Feature, Features, Sequence, check_shares
from schemas.heads import Head
from schemas.logs import Logs
from schemas.schema_text import schema_text

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
CURATED = [path for path in CONFIGS if "schema" in yaml.safe_load(path.read_text())]


def curated(path: Path) -> dict[str, schema_pb2.Feature]:
    text = (ROOT / yaml.safe_load(path.read_text())["schema"]).read_text()
    return {f.name: f for f in text_format.Parse(text, schema_pb2.Schema()).feature}


def features_of(path: Path) -> Features:
    features = pydantic.TypeAdapter(dict[str, Feature])
    return features.validate_python(yaml.safe_load(path.read_text())["features"])


def columns_of(path: Path) -> tuple[Column, ...]:
    config = yaml.safe_load(path.read_text())
    heads = pydantic.TypeAdapter(dict[str, Head]).validate_python(config["heads"])
    judged = EvaluationConfig(**config.get("evaluation", {}))
    groups = filter(None, (judged.user, judged.request, judged.item))
    return example_columns(Logs(**config["logs"]), features_of(path), heads, groups=groups)


each_config = pytest.mark.parametrize("path", CURATED, ids=lambda path: path.stem)


def test_the_shipped_configs_have_curated_schemas():
    assert {path.stem for path in CURATED} >= {"census", "demo", "kuairand"}


@each_config
def test_it_has_the_columns_of_its_config_in_order(path):
    assert list(curated(path)) == [column.name for column in columns_of(path)]


@each_config
def test_it_only_adds_to_what_is_derived(path):
    text = schema_text(columns_of(path))
    for derived in text_format.Parse(text, schema_pb2.Schema()).feature:
        found = curated(path)[derived.name]
        assert found.type == derived.type, derived.name
        assert not found.HasField("shape"), derived.name
        assert found.value_count.min == derived.value_count.min, derived.name
        if derived.HasField("value_count"):
            assert found.value_count.max == derived.value_count.max, derived.name
        assert found.presence.min_fraction >= derived.presence.min_fraction, derived.name
        assert found.presence.min_count >= derived.presence.min_count, derived.name
        if derived.HasField("int_domain"):
            assert found.int_domain == derived.int_domain, derived.name


@each_config
def test_it_misses_every_feature_that_vanishes(path):
    for name in features_of(path):
        assert curated(path)[name].presence.min_count == 1, name


@each_config
def test_features_share_only_tables_that_are_there(path):
    check_shares(features_of(path))


@each_config
def test_a_vocabulary_is_large_enough_for_its_domain(path):
    for name, feature in features_of(path).items():
        vocabulary = getattr(feature, "vocabulary", None)
        if vocabulary is not None:
            assert len(curated(path)[name].string_domain.value) <= vocabulary.max_size, name


@each_config
def test_sequences_have_room_for_what_the_schema_allows(path):
    for name, feature in features_of(path).items():
        if isinstance(feature, Sequence):
            assert curated(path)[name].value_count.max <= feature.max_length, name
