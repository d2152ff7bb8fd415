"""The derived schema says names, types, keys and labels, and keeps every column sparse."""

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.columns import Column
from schemas.schema_text import schema_text

COLUMNS = (
    Column("impression_id", "text", role="key"),
    Column("impression_time", "int", role="key"),
    Column("item", "text"),
    Column("history", "text", repeated=True),
    Column("age", "float"),
    Column("margin", "float", role="extra"),
    Column("click", "int", role="label"),
    Column("label_age", "int", role="outcome"),
    Column("value", "float", role="outcome"),
)


def parse(columns) -> dict[str, schema_pb2.Feature]:
    schema = text_format.Parse(schema_text(columns), schema_pb2.Schema())
    return {feature.name: feature for feature in schema.feature}


def test_every_column_is_a_feature_of_its_type_in_order():
    assert [(name, feature.type) for name, feature in parse(COLUMNS).items()] == [
        ("impression_id", schema_pb2.BYTES),
        ("impression_time", schema_pb2.INT),
        ("item", schema_pb2.BYTES),
        ("history", schema_pb2.BYTES),
        ("age", schema_pb2.FLOAT),
        ("margin", schema_pb2.FLOAT),
        ("click", schema_pb2.INT),
        ("label_age", schema_pb2.INT),
        ("value", schema_pb2.FLOAT),
    ]


def test_no_column_has_a_shape_so_that_a_missing_value_is_not_a_zero():
    assert not any(feature.HasField("shape") for feature in parse(COLUMNS).values())


def test_scalars_hold_at_most_one_value_and_lists_any_number():
    features = parse(COLUMNS)
    counts = {name: (f.value_count.min, f.value_count.max) for name, f in features.items()}
    assert counts == {
        "impression_id": (1, 1),
        "impression_time": (1, 1),
        "item": (0, 1),
        "history": (0, 0),
        "age": (0, 1),
        "margin": (0, 1),
        "click": (1, 1),
        "label_age": (1, 1),
        "value": (1, 1),
    }


def test_keys_are_in_every_row_and_a_label_may_be_missing_from_some():
    features = parse(COLUMNS)
    assert features["impression_id"].presence.min_fraction == 1
    assert features["impression_time"].presence.min_fraction == 1
    assert features["click"].presence.min_fraction == 0
    assert features["click"].presence.min_count == 1


def test_of_an_outcome_nothing_is_said_but_that_it_is_one_value():
    for column in COLUMNS[-2:]:
        lines = [line.strip() for line in schema_text([column]).splitlines()]
        assert lines == [
            "feature {",
            f'name: "{column.name}"',
            f"type: {column.type.upper()}",
            "value_count { min: 1 max: 1 }",
            "}",
        ]


def test_a_feature_that_vanishes_is_seen_and_an_empty_history_is_allowed():
    features = parse(COLUMNS)
    assert features["item"].presence.min_count == 1
    assert not features["history"].HasField("presence")


def test_labels_of_events_are_0_or_1():
    domains = {n: f.int_domain for n, f in parse(COLUMNS).items() if f.HasField("int_domain")}
    assert {name: (d.min, d.max) for name, d in domains.items()} == {"click": (0, 1)}


def test_a_name_with_quotes_and_letters_of_any_language_survives():
    names = ['say "hi"', "back\\slash", "größe", "年龄"]
    assert list(parse(Column(name, "text") for name in names)) == names
