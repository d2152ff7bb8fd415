from typing import get_args

from models.options import Trunk
from models.trunks import TRUNKS


def test_every_method_that_can_be_named_exists_and_every_one_that_exists_can_be_named():
    options = get_args(get_args(Trunk)[0])
    assert [method.model_fields["kind"].default for method in options] == list(TRUNKS)


def test_every_method_says_what_it_is_and_when_to_use_it():
    for method in get_args(get_args(Trunk)[0]):
        what, *_, when = method.__doc__.strip().split("\n\n")
        assert what.endswith(".") and when.strip().startswith("Use it "), method
