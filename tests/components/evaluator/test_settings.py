import pytest

from components.evaluator.settings import EvaluatorSettings
from schemas.columns import Column
from schemas.evaluation import EvaluationConfig
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
NAMES = ("impression_id", "user", "device", "hour")
COLUMNS = (
    *(Column(name, "text") for name in NAMES),
    *(Column(name, "int") for name in ("click", "conversion", "click_mature", "label_age")),
)


def settings(**changes):
    return EvaluatorSettings(**{"heads": HEADS, "columns": COLUMNS, **changes})


def test_settings_come_back_from_json():
    given = settings(
        slices=(("device",), ("device", "hour")),
        evaluation=EvaluationConfig(user="user", at=(5,)),
        truth="truth/{SPAN}/*.parquet",
        code="0",
    )
    assert EvaluatorSettings.model_validate_json(given.model_dump_json()) == given


def test_what_is_measured_is_read_and_nothing_else():
    given = settings(slices=(("device",),), evaluation=EvaluationConfig(user="user"))
    assert given.read() == {
        "impression_id", "user", "device", "click", "conversion", "click_mature",
    }  # fmt: skip
    assert given.keys() == ("impression_id", "user")
    assert [output.name for output in given.outputs()] == ["ctr", "cvr", "ctcvr"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"slices": (("device", "brand"),)}, "sliced by brand"),
        ({"evaluation": EvaluationConfig(user="uid")}, "by uid, .* It has: .*user"),
        ({"evaluation": EvaluationConfig(item="sku")}, "by sku"),
        ({"columns": COLUMNS[1:]}, "by impression_id"),
        ({"heads": {"like": Head(label="liked")}}, "judged by liked"),
    ],
)
def test_a_column_that_an_example_lacks_is_told(changes, told):
    with pytest.raises(ValueError, match=told):
        settings(**changes)
