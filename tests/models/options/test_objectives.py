from typing import get_args

from models.objectives import OBJECTIVES
from models.options import (
    DoublyRobust,
    EntireSpace,
    EsDfm,
    Jrc,
    Objective,
    Pairwise,
    delayed,
)
from schemas.heads import Head


def test_every_method_that_can_be_named_exists_and_every_one_that_exists_can_be_named():
    options = get_args(get_args(Objective)[0])
    assert [method.model_fields["kind"].default for method in options] == list(OBJECTIVES)


def test_every_method_says_what_it_is_and_when_to_use_it():
    for method in get_args(get_args(Objective)[0]):
        what, *_, when = method.__doc__.strip().split("\n\n")
        assert what.endswith(".") and when.strip().startswith("Use it "), method


HEADS = {
    "ctr": Head(label="click"),
    "cvr": Head(label="conversion", given="ctr"),
    "share": Head(label="shared", given="ctr"),
    "seen": Head(label="seconds", kind="watch_time"),
}


def test_only_rates_whose_label_is_a_conversion_come_late():
    assert delayed(HEADS) == ("cvr",)


def test_objectives_name_the_terms_that_they_add():
    assert EntireSpace().added_terms(HEADS) == ()
    assert DoublyRobust().added_terms(HEADS) == ("cvr_error", "share_error")
    assert Pairwise().added_terms(HEADS) == ("ctr_order", "ctcvr_order", "ctshare_order")
    assert Jrc().added_terms(HEADS) == ("ctr_order", "cvr_order", "share_order")
    assert Jrc(alpha=1).added_terms(HEADS) == ()
    assert EsDfm(elapsed="1h").added_terms(HEADS) == ("cvr_delayed", "cvr_negative")


def test_delayed_feedback_needs_what_the_join_knows_of_time():
    assert set(EsDfm(elapsed="1h").outcomes) == {
        "label_age", "conversion_delay", "conversion_mature"
    }  # fmt: skip
    assert EsDfm(elapsed="1h").elapsed == 3600
