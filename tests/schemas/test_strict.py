"""Models read from YAML are frozen and closed."""

import pydantic
import pytest

from schemas.strict import Strict


class Shelf(Strict):
    width: int
    colour: str = "white"


def test_an_unknown_key_names_the_nearest_known_one():
    with pytest.raises(
        pydantic.ValidationError, match="unknown key 'colur': did you mean 'colour'"
    ):
        Shelf.model_validate({"width": 1, "colur": "red"})


def test_an_unknown_key_without_a_near_one_lists_the_known_ones():
    with pytest.raises(
        pydantic.ValidationError, match="unknown key 'zzz': known are width, colour"
    ):
        Shelf.model_validate({"width": 1, "zzz": 0})


def test_a_model_does_not_change_once_made():
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Shelf(width=1).width = 2


def test_what_is_not_a_mapping_is_refused_by_its_type():
    with pytest.raises(pydantic.ValidationError, match="valid dictionary"):
        Shelf.model_validate("wide")
