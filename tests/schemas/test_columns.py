"""The columns of an example: keys, features, extras, labels, outcomes."""

import pytest

from schemas.columns import Column, example_columns, feature_column, source_columns
from schemas.features import Categorical, Numeric, Sequence
from schemas.heads import Head
from schemas.logs import JOINED_COLUMNS, Clock, Log, Logs

FEATURES = {
    "item": Categorical(kind="categorical", side="item", hash=5),
    "price": Numeric(kind="numeric", side="item"),
    "history": Sequence(kind="sequence", side="user", shares="item", separator=";"),
}


def log(name: str, value: str | None = None) -> Log:
    return Log(path=f"{name}/{{SPAN}}/*", id="id", time=Clock(column="t"), value=value)


FUNNEL = Logs(
    impressions=log("impressions"), clicks=log("clicks"), conversions=log("conversions", "paid")
)
OF_CLICKS = ["label_age", "click_mature"]


def heads(*labels: str) -> dict[str, Head]:
    return {f"{label}_rate": Head(label=label) for label in labels}


def test_categories_are_text_numbers_are_floats_and_sequences_are_lists_of_text():
    assert [feature_column(name, feature) for name, feature in FEATURES.items()] == [
        Column("item", "text"),
        Column("price", "float"),
        Column("history", "text", repeated=True, separator=";"),
    ]


def test_an_example_has_keys_then_features_extras_labels_and_outcomes():
    columns = example_columns(FUNNEL, FEATURES, heads("click", "conversion"), ("margin",))
    assert [(column.name, column.type, column.role) for column in columns] == [
        ("impression_id", "text", "key"),
        ("impression_time", "int", "key"),
        ("item", "text", "feature"),
        ("price", "float", "feature"),
        ("history", "text", "feature"),
        ("margin", "float", "extra"),
        ("click", "int", "label"),
        ("conversion", "int", "label"),
        ("label_age", "int", "outcome"),
        ("click_mature", "int", "outcome"),
        ("conversion_mature", "int", "outcome"),
        ("settled", "int", "outcome"),
        ("conversion_count", "int", "outcome"),
        ("conversion_delay", "int", "outcome"),
        ("value", "float", "outcome"),
    ]


@pytest.mark.parametrize(
    ("logs", "outcomes"),
    [
        (Logs(impressions=log("i")), []),
        (Logs(impressions=log("i"), clicks=log("c")), OF_CLICKS),
        (
            Logs(impressions=log("i"), clicks=log("c"), conversions=log("v")),
            [*OF_CLICKS, "conversion_mature", "settled", "conversion_count", "conversion_delay"],
        ),
        (
            FUNNEL,
            [
                *OF_CLICKS,
                "conversion_mature",
                "settled",
                "conversion_count",
                "conversion_delay",
                "value",
            ],
        ),
    ],
)
@pytest.mark.parametrize("sampled", [False, True])
def test_the_outcomes_are_those_of_the_logs_that_are_joined(logs, outcomes, sampled):
    columns = example_columns(logs, FEATURES, heads("like"), sampled=sampled)
    found = [column.name for column in columns if column.role == "outcome"]
    assert found == outcomes + ["example_weight"] * sampled


def test_examples_are_weighted_only_if_sampled_and_by_a_float():
    columns = example_columns(FUNNEL, FEATURES, {}, sampled=True)
    assert columns[:-1] == example_columns(FUNNEL, FEATURES, {})
    assert columns[-1] == Column("example_weight", "float", role="outcome")


def test_every_column_that_joining_makes_is_a_reserved_name():
    columns = example_columns(FUNNEL, {}, {}, sampled=True)
    made = {column.name for column in columns if column.role in ("label", "outcome")}
    assert made == set(JOINED_COLUMNS)


def test_an_extra_that_is_a_feature_is_listed_once():
    names = [column.name for column in example_columns(FUNNEL, FEATURES, {}, ("price",))]
    assert names.count("price") == 1


def test_a_label_that_no_head_names_is_still_a_column_where_the_join_makes_it():
    names = [column.name for column in example_columns(FUNNEL, {}, heads("like"))]
    assert names[:5] == ["impression_id", "impression_time", "click", "conversion", "like"]
    assert names.count("click") == names.count("conversion") == 1


def test_there_is_no_value_where_conversions_have_none():
    logs = Logs(impressions=log("i"), clicks=log("c"), conversions=log("v"))
    assert "value" not in [column.name for column in example_columns(logs, {}, {})]


def test_the_source_brings_everything_but_keys_joined_labels_and_outcomes():
    columns = example_columns(FUNNEL, FEATURES, heads("click", "like"), ("margin",), sampled=True)
    names = [column.name for column in source_columns(columns, FUNNEL)]
    assert names == ["item", "price", "history", "margin", "like"]


def test_without_clicks_the_labels_come_from_the_source():
    logs = Logs(impressions=log("impressions"))
    columns = example_columns(logs, FEATURES, heads("click", "conversion"))
    names = [column.name for column in source_columns(columns, logs)]
    assert names == ["item", "price", "history", "click", "conversion"]


def test_an_extra_called_value_comes_from_the_source_where_no_join_makes_it():
    logs = Logs(impressions=log("impressions"))
    columns = example_columns(logs, {}, {}, ("value",))
    assert [column.name for column in source_columns(columns, logs)] == ["value"]


def test_no_column_appears_twice():
    twice = {
        "ctr": Head(label="click", mask="margin", weight="price"),
        "again": Head(label="click", mask="label_age", weight="value"),
        "paid": Head(label="value", given="ctr", kind="value"),
    }
    columns = example_columns(
        FUNNEL, FEATURES, twice, ("margin", "margin"), groups=["item"], sampled=True
    )
    names = [column.name for column in columns]
    assert len(names) == len(set(names))


def test_masks_weights_and_the_group_come_from_the_source_unless_the_join_makes_them():
    taught = {
        "like": Head(label="like", mask="shown", weight="boost"),
        "watch": Head(label="seconds", kind="watch_time", weight="label_age"),
    }
    columns = example_columns(FUNNEL, {}, taught, groups=["request"])
    found = {column.name: (column.type, column.role) for column in source_columns(columns, FUNNEL)}
    assert found == {
        "request": ("text", "group"),
        "like": ("int", "label"),
        "seconds": ("float", "label"),
        "shown": ("float", "target"),
        "boost": ("float", "target"),
    }


def test_a_feature_of_the_position_is_told_from_those_that_a_request_brings():
    place = Categorical(kind="categorical", side="position", hash=5)
    assert feature_column("place", place) == Column("place", "text", role="position")


def test_masks_weights_positions_and_groups_teach_and_no_request_brings_them():
    learnt = {
        "ctr": Head(label="click", weight="worth"),
        "cvr": Head(label="conversion", given="ctr", mask="conversion_mature"),
        "spend": Head(label="value", given="ctr", kind="value"),
        "watch": Head(label="seconds", kind="watch_time"),
    }
    features = {**FEATURES, "slot": Categorical(kind="categorical", side="position", hash=5)}
    columns = example_columns(FUNNEL, features, learnt, groups=["request"])
    found = {column.name: (column.type, column.role) for column in columns}
    assert found["slot"] == ("text", "position")
    assert found["request"] == ("text", "group")
    assert found["worth"] == ("float", "target")
    assert found["seconds"] == ("float", "label")
    assert found["value"] == ("float", "outcome")  # made by the join, whoever learns it
    assert len(found) == len(columns)
    assert [column.name for column in source_columns(columns, FUNNEL)] == [
        "item", "price", "history", "slot", "request", "seconds", "worth"
    ]  # fmt: skip


def test_a_group_that_is_a_feature_is_one_column():
    columns = example_columns(FUNNEL, FEATURES, heads("click"), groups=["item"])
    assert [column.role for column in columns if column.name == "item"] == ["feature"]
