import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.populations import counted, outcome_columns
from schemas.heads import Head, outputs

NAN = float("nan")
FUNNEL = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}


def judge(name, heads=FUNNEL, **columns):
    """The label and weight of each row that counts, None where it does not, "masked" if masked."""
    found = counted(
        next(output for output in outputs(heads) if output.name == name),
        heads,
        {column: np.array(values, np.float32) for column, values in columns.items()},
    )
    assert not (found.kept & found.masked).any()
    return [
        (label, weight) if kept else "masked" if masked else None
        for kept, masked, label, weight in zip(
            found.kept, found.masked, found.label, found.weight, strict=True
        )
    ]


def test_a_rate_given_another_counts_where_the_others_event_happened():
    columns = {"click": [1, 1, 0, NAN], "conversion": [1, 0, 0, 1]}
    assert judge("cvr", **columns) == [(1, 1), (0, 1), None, None]
    assert judge("ctr", **columns) == [(1, 1), (1, 1), (0, 1), "masked"]


def test_a_joint_is_nothing_where_an_event_on_the_way_did_not_happen():
    columns = {"click": [1, 1, 0, 0, NAN], "conversion": [1, NAN, NAN, 1, 1]}
    assert judge("ctcvr", **columns) == [(1, 1), "masked", (0, 1), (0, 1), "masked"]


def test_a_joint_over_three_heads_is_the_product_of_their_events():
    heads = {**FUNNEL, "rpv": Head(label="returned", given="cvr")}
    name = next(output.name for output in outputs(heads) if len(output.heads) == 3)
    columns = {"click": [1, 1, 0], "conversion": [1, 0, 0], "returned": [1, NAN, NAN]}
    assert judge(name, heads, **columns) == [(1, 1), (0, 1), (0, 1)]


def test_a_value_counts_where_its_parent_happened_and_its_joint_everywhere():
    heads = {"ctr": Head(label="click"), "spend": Head(label="spent", given="ctr", kind="value")}
    columns = {"click": [1, 0, 1], "spent": [2.5, NAN, NAN]}
    assert judge("spend", heads, **columns) == [(2.5, 1), None, "masked"]
    assert judge("ctspend", heads, **columns) == [(2.5, 1), (0, 1), "masked"]


def test_click_and_conversion_count_once_they_are_mature():
    columns = {
        "click": [1, 0, 1, 0, 1],
        "conversion": [0, 0, 1, 0, 1],
        "click_mature": [0, 1, 1, 1, 1],
        "conversion_mature": [1, 1, 0, 1, 1],
        "settled": [1, 1, 0, 0, 0],
    }
    assert judge("ctr", **columns) == ["masked", (0, 1), (1, 1), (0, 1), (1, 1)]
    assert judge("cvr", **columns) == [(0, 1), None, "masked", None, (1, 1)]
    assert judge("ctcvr", **columns) == [(0, 1), (0, 1), "masked", "masked", "masked"]


def test_a_rate_over_all_impressions_is_not_told_of_those_without_a_click_alone():
    """A day after the impressions: conversions of clicks may come for two days more."""
    clicked = np.arange(1000) < 100
    columns = {
        "click": clicked.astype(float),
        "conversion": (np.arange(1000) < 10).astype(float),
        "click_mature": np.ones(1000),
        "conversion_mature": (~clicked).astype(float),
        "settled": np.zeros(1000),
    }
    assert judge("ctcvr", **columns) == ["masked"] * 1000
    labels = {"heads": {"spend": Head(label="value", kind="value")}}
    assert judge("spend", **labels, **columns, value=np.zeros(1000)) == ["masked"] * 1000


def test_other_labels_are_always_mature():
    heads = {"like": Head(label="liked")}
    assert judge("like", heads, liked=[1], click_mature=[0]) == [(1, 1)]


def test_a_mask_of_any_head_on_the_path_leaves_a_row_out():
    heads = {
        "ctr": Head(label="click", mask="seen"),
        "cvr": Head(label="conversion", given="ctr", mask="sold"),
    }
    columns = {"click": [1] * 4, "conversion": [1] * 4}
    masks = {"seen": [1, 0, 1, 1], "sold": [1, 1, 0, NAN]}
    assert judge("ctr", heads, **columns, **masks) == [(1, 1), "masked", (1, 1), (1, 1)]
    for name in ("cvr", "ctcvr"):
        assert judge(name, heads, **columns, **masks) == [(1, 1), *["masked"] * 3]


def test_a_row_weighs_what_its_sampling_and_the_last_head_say():
    heads = {
        "ctr": Head(label="click", weight="dwell"),
        "cvr": Head(label="conversion", given="ctr", weight="price"),
    }
    columns = {"click": [1, 1, 1], "conversion": [1, 0, 0], "example_weight": [4, 1, 1]}
    weights = {"dwell": [2, 3, 1], "price": [0.5, 0, NAN]}
    assert judge("ctr", heads, **columns, **weights) == [(1, 8), (1, 3), (1, 1)]
    for name in ("cvr", "ctcvr"):
        assert judge(name, heads, **columns, **weights) == [(1, 2), (0, 0), "masked"]


def test_an_endless_label_or_weight_is_none():
    heads = {"spend": Head(label="spent", kind="value", weight="price")}
    found = judge("spend", heads, spent=[np.inf, 1], price=[1, np.inf])
    assert found == ["masked", "masked"]


@given(st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, NAN])] * 5), min_size=1))
def test_every_row_of_a_population_counts_or_is_masked(rows):
    click, conversion, click_mature, conversion_mature, settled = zip(*rows, strict=True)
    columns = {
        "click": click,
        "conversion": conversion,
        "click_mature": click_mature,
        "conversion_mature": conversion_mature,
        "settled": settled,
    }
    assert None not in judge("ctr", **columns)
    assert None not in judge("ctcvr", **columns)
    assert [row is not None for row in judge("cvr", **columns)] == [c == 1 for c in click]


def test_only_columns_that_are_there_are_read():
    heads = {"ctr": Head(label="click", mask="seen", weight="dwell")}
    there = ["click", "seen", "dwell", "device", "click_mature", "conversion_mature"]
    assert outcome_columns(heads, there) == ("click", "seen", "dwell", "click_mature")
    weighed = outcome_columns(FUNNEL, ["click", "conversion", "example_weight"])
    assert weighed == ("click", "conversion", "example_weight")


def test_a_label_that_an_example_lacks_is_told():
    with pytest.raises(ValueError, match=r"judged by conversion, .* It has: click, device"):
        outcome_columns(FUNNEL, ["click", "device"])
