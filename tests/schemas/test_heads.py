"""Heads are a forest; joints are the products along its paths."""

import pytest

from schemas.heads import Head, Output, labels, outputs, path, target_columns, towers

FUNNEL = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}


def test_a_funnel_answers_ctr_cvr_and_ctcvr():
    assert outputs(FUNNEL) == (
        Output("ctr", "click", None, ("ctr",)),
        Output("cvr", "conversion", "click", ("cvr",)),
        Output("ctcvr", "conversion", None, ("ctr", "cvr")),
    )


def test_heads_without_a_funnel_answer_only_themselves():
    heads = {"income": Head(label="rich"), "never_married": Head(label="single")}
    assert [(o.name, o.population) for o in outputs(heads)] == [
        ("income", None),
        ("never_married", None),
    ]


def test_a_chain_of_three_multiplies_all_three():
    heads = {**FUNNEL, "rvr": Head(label="return", given="cvr")}
    found = {output.name: output for output in outputs(heads)}
    assert list(found) == ["ctr", "cvr", "rvr", "ctcvr", "ctcvrvr"]
    assert found["ctcvrvr"].heads == ("ctr", "cvr", "rvr")
    assert found["rvr"].population == "conversion"


def test_the_order_in_which_heads_are_written_does_not_matter_to_their_joints():
    heads = dict(reversed(FUNNEL.items()))
    assert [output.name for output in outputs(heads)] == ["cvr", "ctr", "ctcvr"]


def test_two_heads_may_share_a_parent_and_a_label():
    heads = {**FUNNEL, "likes": Head(label="like", given="ctr"), "also": Head(label="click")}
    assert [output.name for output in outputs(heads)] == [
        *("ctr", "cvr", "likes", "also"),
        *("ctcvr", "ctlikes"),
    ]
    assert labels(heads) == ("click", "conversion", "like")


def test_a_joint_can_be_named():
    heads = {"ctr": Head(label="click"), "cvr": Head(label="buy", given="ctr", joint="sale")}
    assert [output.name for output in outputs(heads)] == ["ctr", "cvr", "sale"]


def test_two_outputs_with_one_name_are_refused():
    heads = {**FUNNEL, "ctcvr": Head(label="conversion")}
    with pytest.raises(ValueError, match="two outputs are called 'ctcvr': rename a head or give"):
        outputs(heads)


def test_a_path_runs_from_the_root():
    heads = {**FUNNEL, "rvr": Head(label="return", given="cvr")}
    assert path(heads, "rvr") == ("ctr", "cvr", "rvr")
    assert path(heads, "ctr") == ("ctr",)


@pytest.mark.parametrize(
    ("given", "circle"), [({"a": "a"}, "a given a"), ({"a": "b", "b": "a"}, "a given b given a")]
)
def test_a_circle_is_refused_and_shown(given, circle):
    heads = {name: Head(label="x", given=parent) for name, parent in given.items()}
    with pytest.raises(ValueError, match=f"{circle} is a circle"):
        path(heads, "a")


def test_a_head_given_a_stranger_is_refused():
    heads = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctt")}
    with pytest.raises(ValueError, match=r"'cvr' is given 'ctt', which is no head. .* ctr, cvr"):
        outputs(heads)


def test_a_path_to_a_stranger_is_refused():
    with pytest.raises(ValueError, match=r"'ctt' is no head. Heads are: ctr, cvr"):
        path(FUNNEL, "ctt")


def test_the_joint_of_a_value_is_a_value():
    heads = {**FUNNEL, "spend": Head(label="paid", given="cvr", kind="value")}
    found = {output.name: output.kind for output in outputs(heads)}
    assert found == {
        "ctr": "rate", "cvr": "rate", "spend": "value", "ctcvr": "rate", "ctcvspend": "value"
    }  # fmt: skip


def test_only_a_rate_can_be_given():
    heads = {"time": Head(label="seconds", kind="watch_time"), "x": Head(label="y", given="time")}
    with pytest.raises(ValueError, match="'x' is given 'time', which is no event but a watch_time"):
        outputs(heads)


CART = {
    "ctr": Head(label="click"),
    "cart": Head(label="added", given="ctr"),
    "cvr": Head(label="conversion", given="ctr", through="cart"),
}


def test_a_head_that_leads_through_another_has_two_towers_and_one_output():
    assert towers(CART) == ("ctr", "cart", "cvr", "cvr_otherwise")
    assert [output.name for output in outputs(CART)] == ["ctr", "cart", "cvr", "ctcart", "ctcvr"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"through": "ctr"},  # is not given the same head
        {"through": "cvr"},  # itself
        {"through": "cat"},
        {"through": "cart", "kind": "value"},
        {"through": "also"},  # leads through another itself
    ],
)
def test_a_head_leads_through_a_rate_beside_it(wrong):
    also = {"also": Head(label="also", given="ctr", through="cart")}
    heads = {**CART, **also, "cvr": Head(label="conversion", given="ctr", **wrong)}
    with pytest.raises(ValueError, match=r"another rate given the same head\. Those are: cart"):
        outputs(heads)


def test_what_teaches_is_labels_then_masks_and_weights_then_other_outcomes():
    heads = {
        "ctr": Head(label="click", weight="worth"),
        "cvr": Head(label="conversion", given="ctr", mask="conversion_mature", weight="worth"),
    }
    assert target_columns(heads, ("label_age", "click")) == (
        "click", "conversion", "worth", "conversion_mature", "label_age"
    )  # fmt: skip
