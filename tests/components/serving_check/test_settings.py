import json

import pydantic
import pytest

from components.serving_check.settings import ServingCheckSettings


def test_settings_travel_as_json(shop):
    settings = shop.settings(serving={"warm": "50ms", "memory": "2 GB"}, code="1a")
    assert ServingCheckSettings.model_validate_json(settings.model_dump_json()) == settings


def test_features_and_extras_are_what_a_request_brings(shop):
    assert [column.name for column in shop.settings().inputs()] == [
        "age",
        "history",
        "item",
        "price",
    ]


def test_what_is_not_said_is_as_ever(shop):
    told = json.loads(shop.settings().model_dump_json(exclude_unset=True))
    settings = ServingCheckSettings.model_validate(told)
    assert settings.serving.items == 500
    assert (settings.serving.warm, settings.serving.cold, settings.serving.memory) == (None,) * 3


def test_a_score_without_weights_has_no_others(shop):
    assert shop.settings().other_weights() == (0.5,)
    assert shop.settings(score="ctr * price").other_weights() == ()
    assert shop.settings(score=None).other_weights() == ()


def test_a_key_that_is_not_known_is_refused(shop):
    with pytest.raises(pydantic.ValidationError, match="unknown key 'scores': did you mean"):
        shop.settings(scores="ctr")
