import pydantic
import pytest

from models.options import Mmoe, Trunk

TRUNK = pydantic.TypeAdapter(Trunk)


def test_a_method_is_its_name_or_its_name_and_its_options():
    assert TRUNK.validate_python("mmoe") == Mmoe(experts=4)
    assert TRUNK.validate_python({"kind": "mmoe", "experts": 8}) == Mmoe(experts=8)


@pytest.mark.parametrize("given", [3, 0.5, None, ["mmoe"], True])
def test_what_is_no_method_is_refused_with_both_ways_to_write_one(given):
    with pytest.raises(pydantic.ValidationError, match=r"its name, or its name and its options"):
        TRUNK.validate_python(given)


def test_an_option_of_another_method_is_refused_and_the_nearest_one_named():
    with pytest.raises(pydantic.ValidationError, match="did you mean 'experts'"):
        TRUNK.validate_python({"kind": "mmoe", "expert": 8})
    with pytest.raises(pydantic.ValidationError, match="unknown key 'experts'"):
        TRUNK.validate_python({"kind": "separate", "experts": 8})


@pytest.mark.parametrize("experts", [0, -1, 1.5, "many"])
def test_a_count_is_a_whole_number_from_one(experts):
    with pytest.raises(pydantic.ValidationError):
        TRUNK.validate_python({"kind": "mmoe", "experts": experts})
