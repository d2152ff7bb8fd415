from typing import get_args

import pytest

from models.interactions import INTERACTIONS
from models.options import Dcn, Din, Dot, Interaction
from schemas.features import Numeric
from schemas.layout import make_layout


def test_every_method_that_can_be_named_exists_and_every_one_that_exists_can_be_named():
    options = get_args(get_args(Interaction)[0])
    assert [method.model_fields["kind"].default for method in options] == list(INTERACTIONS)


def test_every_method_says_what_it_is_and_when_to_use_it():
    for method in get_args(get_args(Interaction)[0]):
        what, *_, when = method.__doc__.strip().split("\n\n")
        assert what.endswith(".") and when.strip().startswith("Use it "), method


def test_din_without_a_history_and_dot_without_a_pair_are_refused():
    layout = make_layout({"age": Numeric(kind="numeric", side="user")})
    with pytest.raises(ValueError, match=r"no feature is of the kind sequence\. Features are: age"):
        Din().check(layout)
    with pytest.raises(ValueError, match="multiplies pairs of vectors"):
        Dot().check(layout)
    Dcn().check(layout)
