import math
from collections.abc import Mapping

from components.run_report.fact import Fact, Number


class Thing(Fact):
    value: Number
    others: Mapping[str, float] = {}


def test_null_is_a_number_that_was_not_measured():
    assert math.isnan(Thing.model_validate_json('{"value": null}').value)


def test_nan_and_infinity_survive_json():
    text = Thing(value=math.nan, others={"x": math.inf}).model_dump_json()
    again = Thing.model_validate_json(text)
    assert math.isnan(again.value)
    assert again.others == {"x": math.inf}


def test_what_others_write_beside_it_is_left_alone():
    assert Thing.model_validate_json('{"value": 1, "newer": true}') == Thing(value=1)
