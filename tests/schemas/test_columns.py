"""The columns of an example: keys, features, extras, labels."""

from schemas.columns import Column, example_columns, feature_column, source_columns
from schemas.features import Categorical, Numeric, Sequence
from schemas.logs import Clock, Log, Logs

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


def test_categories_are_text_numbers_are_floats_and_sequences_are_lists_of_text():
    assert [feature_column(name, feature) for name, feature in FEATURES.items()] == [
        Column("item", "text"),
        Column("price", "float"),
        Column("history", "text", repeated=True, separator=";"),
    ]


def test_an_example_has_keys_then_features_extras_and_labels():
    columns = example_columns(FUNNEL, FEATURES, ("click", "conversion"), ("margin",))
    assert [(column.name, column.type, column.role) for column in columns] == [
        ("impression_id", "text", "key"),
        ("impression_time", "int", "key"),
        ("item", "text", "feature"),
        ("price", "float", "feature"),
        ("history", "text", "feature"),
        ("margin", "float", "extra"),
        ("click", "int", "label"),
        ("conversion", "int", "label"),
        ("value", "float", "label"),
    ]


def test_an_extra_that_is_a_feature_is_listed_once():
    names = [column.name for column in example_columns(FUNNEL, FEATURES, (), ("price",))]
    assert names.count("price") == 1


def test_a_label_that_no_head_names_is_still_a_column_where_the_join_makes_it():
    names = [column.name for column in example_columns(FUNNEL, {}, ("like",))]
    assert names == ["impression_id", "impression_time", "click", "conversion", "like", "value"]


def test_there_is_no_value_where_conversions_have_none():
    logs = Logs(impressions=log("i"), clicks=log("c"), conversions=log("v"))
    assert [c.name for c in example_columns(logs, {}, ())][-1] == "conversion"


def test_the_source_brings_everything_but_keys_and_joined_labels():
    columns = example_columns(FUNNEL, FEATURES, ("click", "like"), ("margin",))
    names = [column.name for column in source_columns(columns, FUNNEL)]
    assert names == ["item", "price", "history", "margin", "like"]


def test_without_clicks_the_labels_come_from_the_source():
    logs = Logs(impressions=log("impressions"))
    columns = example_columns(logs, FEATURES, ("click", "conversion"))
    names = [column.name for column in source_columns(columns, logs)]
    assert names == ["item", "price", "history", "click", "conversion"]


def test_an_extra_called_value_comes_from_the_source_where_no_join_makes_it():
    logs = Logs(impressions=log("impressions"))
    columns = example_columns(logs, {}, (), ("value",))
    assert [column.name for column in source_columns(columns, logs)] == ["value"]


def test_no_column_appears_twice():
    columns = example_columns(FUNNEL, FEATURES, ("click", "click"), ("margin", "margin"))
    names = [column.name for column in columns]
    assert len(names) == len(set(names))
